/** Counts of a city, its areas and their districts under one ρ: flat against three levels that add up. Part of `npm run bench:accuracy`. */
import { consistent, levelShares, type MeasuredLevel, type Mechanism, rational, toNumber } from '@reinraum/protocol';
import type { FairBits } from '../../enclave/privacy/bits.ts';
import { samplerOf } from '../../enclave/privacy/mechanism.ts';
import { print } from './timed.ts';

const [areas, districts] = [16, 25];

/** Prints the errors at each level, and how long a table of 100,000 cells takes. */
export function hierarchyTables(rho: number, bits: FairBits): void {
  print(`\nCounts of a city of ${areas} areas of ${districts} districts each, ρ = ${rho.toPrecision(4)}`);
  print(`  ${''.padEnd(54)} ${'district'.padStart(9)} ${'area'.padStart(9)} ${'city'.padStart(9)}  RMSE`);
  const exact = Array.from({ length: areas * districts }, (_, at) => 800 + ((at * 7919) % 900));
  const groups = exact.map((_, at) => Math.floor(at / districts));
  const parents = [groups, Array<number>(areas).fill(0), []];
  const sums = (finest: readonly number[]) => {
    const middle = Array.from({ length: areas }, (_, area) =>
      finest.reduce((total, value, at) => total + (groups[at] === area ? value : 0), 0),
    );
    return [finest, middle, [middle.reduce((total, value) => total + value, 0)]];
  };
  const truth = sums(exact);
  const noised = (values: readonly number[], part: number, at: number): MeasuredLevel => {
    const variance = rational(BigInt(Math.ceil((2 ** 20 * 1) / (2 * rho * part))), 2n ** 20n);
    const sample = samplerOf({ kind: 'discreteGaussian', variance } satisfies Mechanism);
    return {
      values: values.map((value) => value + Number(sample(bits))),
      variance: toNumber(variance),
      parents: parents[at] ?? [],
    };
  };
  const shares = levelShares(3).map(toNumber);
  const row = (name: string, estimate: () => readonly (readonly (number | null)[])[], runs: number) => {
    const squares = [0, 0, 0];
    for (let run = 0; run < runs; run++) {
      estimate().forEach((values, level) =>
        values.forEach((value, at) => {
          const of = truth[level] ?? [];
          squares[level] = (squares[level] ?? 0) + ((value ?? 0) - (of[at] ?? 0)) ** 2 / of.length;
        }),
      );
    }
    const errors = squares.map((sum) =>
      Math.sqrt(sum / runs)
        .toFixed(1)
        .padStart(9),
    );
    print(`  ${name.padEnd(54)} ${errors.join(' ')}`);
  };
  row(
    '* three levels (0.6, 0.3, 0.1 of ρ) that add up',
    () => consistent(truth.map((values, at) => noised(values, shares[at] ?? 0, at))),
    2_000,
  );
  row(
    '  the same, each level as it was measured',
    () => truth.map((values, at) => noised(values, shares[at] ?? 0, at).values),
    500,
  );
  row('  districts alone, summed', () => sums(noised(exact, 1, 0).values.map((value) => value ?? 0)), 2_000);
  const many = Array.from({ length: 100_000 }, (_, at) => at % 1_000);
  const levels: MeasuredLevel[] = [
    { values: many, variance: 30, parents: many.map((_, at) => Math.floor(at / 100)) },
    { values: Array<number>(1_000).fill(50_000), variance: 60, parents: Array<number>(1_000).fill(0) },
    { values: [50_000_000], variance: 200, parents: [] },
  ];
  const started = performance.now();
  consistent(levels);
  print(`  a table of 100,000 cells adds up after ${(performance.now() - started).toFixed(0)} ms`);
}
