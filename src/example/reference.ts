/** A release beside the official table it estimates: only for examples whose true counts are published. */
import type { Policies } from './policy-files.ts';
import type { ExampleRun } from './run.ts';
import { recordsOf } from './source.ts';

/** How a release compares with the published counts, cell by cell. */
export interface Comparison {
  readonly cells: number;
  readonly shown: number;
  readonly hidden: number;
  /** Shown cells whose 95 % range holds the published count. */
  readonly inRange: number;
  /** Shown cells that rest on fewer than k persons; must be 0. */
  readonly shownBelowK: number;
  readonly errorMean: number;
  readonly errorMax: number;
}

/** Compares the first release with its source. Undefined where the example's source is not a published table. */
export async function compareWithReference(
  policies: Policies,
  run: ExampleRun,
  data: string | undefined,
): Promise<Comparison | undefined> {
  const [answer] = run.answers;
  const plan = policies.example.datasets.find(({ dataset }) => dataset === answer?.query.from.dataset);
  const schema = policies.schemas.find(({ id }) => id === plan?.dataset);
  if (!answer || !plan || !schema || plan.source.kind !== 'expand') return undefined;
  const positions = answer.query.groupBy.map(({ column }) =>
    schema.columns.findIndex(({ name }) => column.endsWith(`.${name}`)),
  );
  const truth = new Map<string, number>();
  for await (const { values } of recordsOf(plan.source, schema, data)) {
    const key = positions.map((position) => values[position] ?? '').join('\0');
    truth.set(key, (truth.get(key) ?? 0) + 1);
  }
  return compare(answer.answered.release, truth);
}

/** Compares cells with true counts by key; a key that is not in `truth` counts 0. */
export function compare(
  release: ExampleRun['answers'][number]['answered']['release'],
  truth: ReadonlyMap<string, number>,
): Comparison {
  let shown = 0;
  let inRange = 0;
  let shownBelowK = 0;
  let errorSum = 0;
  let errorMax = 0;
  for (const { key, count } of release.cells) {
    if (!count) continue;
    const published = truth.get(key.join('\0')) ?? 0;
    const error = Math.abs(count.value - published);
    shown += 1;
    errorSum += error;
    errorMax = Math.max(errorMax, error);
    if (count.low <= published && published <= count.high) inRange += 1;
    if (published < release.k) shownBelowK += 1;
  }
  const cells = release.cells.length;
  const errorMean = shown === 0 ? 0 : Math.round((errorSum / shown) * 100) / 100;
  return { cells, shown, hidden: cells - shown, inRange, shownBelowK, errorMean, errorMax };
}
