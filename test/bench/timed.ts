/** Times of some runs in one process, for ratios. */

const runs = 15;

/** Minimum, median and maximum in milliseconds. */
export interface Times {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** A line of the report. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Times some runs after two that do not count. */
export async function timed(work: () => Promise<unknown>): Promise<Times> {
  const times: number[] = [];
  for (let run = -2; run < runs; run++) {
    const begun = performance.now();
    await work();
    if (run >= 0) times.push(performance.now() - begun);
  }
  times.sort((a, b) => a - b);
  return { min: times[0] ?? 0, median: times[times.length >> 1] ?? 0, max: times.at(-1) ?? 0 };
}
