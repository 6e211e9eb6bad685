/**
 * The stages between exact counts and a release, as types only this module can make: Exact → Noised → Kept. A stage that
 * is skipped does not compile (test/unit/stages.test.ts), and a later one holds no handle to an earlier one.
 */
import { type Cell, CountIntervals, cellKey, type Mechanism, type Plan, type Rational } from '@reinraum/protocol';
import type { NoisePool } from './pool.ts';
import { cutOf, isShown } from './threshold.ts';

declare const exact: unique symbol;
declare const noised: unique symbol;
declare const kept: unique symbol;

/** Exact counts of units, one a cell. Secret: nothing may come of it but {@link addNoise}. */
export interface Exact {
  readonly [exact]: true;
  readonly counts: readonly bigint[];
}

/** Counts with their noise. Secret as long as cells below the cut are in it. */
export interface Noised {
  readonly [noised]: true;
  /** Per cell: units and noise, together until the decision which cells are shown. */
  readonly cells: readonly { readonly units: bigint; readonly noise: bigint }[];
}

/** What may be shown: a noised count, or undefined for every hidden cell. */
export interface Kept {
  readonly [kept]: true;
  readonly values: readonly (bigint | undefined)[];
  readonly rule: { readonly mechanism: Mechanism; readonly k: bigint; readonly cut: bigint };
}

/** Marks the engine's counts of a plan. Throws `RangeError` unless there is one a cell. */
export function exactCounts(plan: Plan, counts: readonly bigint[]): Exact {
  if (counts.length !== plan.cells) throw new RangeError('stages: not one count a cell');
  return { counts } as Exact;
}

/** Adds one fresh draw to every cell, empty ones included. Throws where the pool is short. */
export function addNoise({ counts }: Exact, plan: Plan, pool: NoisePool): Noised {
  const draws = pool.take(plan.mechanism, counts.length);
  return { cells: counts.map((units, at) => ({ units, noise: draws[at] ?? shortOfNoise() })) } as unknown as Noised;
}

/** Hard k with differential privacy: a cell is shown iff units ≥ k and units + noise ≥ cut (privacy.md "Hard k"). */
export function keep({ cells }: Noised, plan: Plan, deltaPerDecision: Rational): Kept {
  const k = BigInt(plan.k);
  const cut = cutOf(plan.mechanism, k, deltaPerDecision);
  const values = cells.map(({ units, noise }) => (isShown(units, noise, k, cut) ? units + noise : undefined));
  return { values, rule: { mechanism: plan.mechanism, k, cut } } as unknown as Kept;
}

/** Cells of a release, in row-major order of the axes, with 95 % intervals. Post-processing of what is shown. */
export function infer({ values, rule }: Kept, plan: Plan): Cell[] {
  const intervals = new CountIntervals({ ...rule, alpha: 0.05 });
  return values.map((value, position) => {
    const key = cellKey(plan, position);
    if (value === undefined) return { key, count: null };
    const { low, high } = intervals.of(value);
    return { key, count: { value: Number(value), low: Number(low), high: Number(high) } };
  });
}

function shortOfNoise(): never {
  throw new Error('stages: a cell without noise');
}
