/**
 * What is published of exact tables: by the enclave's own stages, and by builds with one part broken, which the attack
 * corpus measures against. Weakened builds exist here only; the product has no switch for them.
 */
import { type Plan, parseRational } from '@reinraum/protocol';
import type { FairBits } from '../../enclave/privacy/bits.ts';
import { samplerOf } from '../../enclave/privacy/mechanism.ts';
import { NoisePool } from '../../enclave/privacy/pool.ts';
import { addNoise, exactTables, type KeptCell, keep } from '../../enclave/privacy/stages.ts';
import type { Tables } from './attacked-town.ts';

/** δ of one keep decision, as in the example rooms. */
export const deltaOfDecision = parseRational('1/100000000');

/** What an answer shows of its first measure, cell by cell: everything that `infer` works from, so no attacker sees more. */
export type Published = readonly (KeptCell | undefined)[];

/** Publishes one plan's answer for many independent trials at once. */
export type Build = (of: Plan, trials: readonly Tables[], bits: FairBits) => readonly Published[];

/**
 * Ours: pool, noise and keep decision of the enclave. The trials are cells of one table, which the stages treat one by
 * one (test/property/measures.test.ts); so the cut is computed once.
 */
export const ours: Build = (of, trials, bits) => {
  const many: Plan = { ...of, cells: of.cells * trials.length };
  const pool = new NoisePool(bits);
  for (const { mechanism, width } of many.components) pool.fill(mechanism, many.cells * width);
  const exact = exactTables(
    many,
    many.components.map((_, at) => trials.flatMap((tables) => tables[at] ?? [])),
  );
  const cells = keep(addNoise(exact, many, pool), many, deltaOfDecision).measures[0]?.cells ?? [];
  return trials.map((_, at) => cells.slice(at * of.cells, (at + 1) * of.cells));
};

/** What is wrong with a weakened build. */
export interface Weakness {
  /** Leaves the noise out. */
  readonly noise?: 'none';
  /** Which counts are shown, instead of those of at least k units whose noised count reaches the cut. */
  readonly isShown: (units: bigint, noised: bigint, k: bigint) => boolean;
  /** What is made of a number before it is shown. */
  readonly round?: (value: bigint) => bigint;
}

/** A build with these weaknesses. */
export function weakened({ noise, isShown, round = (value) => value }: Weakness): Build {
  return (of, trials, bits) => {
    const k = BigInt(of.k);
    const samplers = of.components.map(({ mechanism }) => samplerOf(mechanism));
    const { fn, decider = 0, value = 0 } = of.measures[0] ?? {};
    return trials.map((tables) => {
      const noised = tables.map((table, at) =>
        table.map((exact) => ({ exact, said: round(exact + (noise ? 0n : (samplers[at]?.(bits) ?? 0n))) })),
      );
      const placesOf = (component: number, cell: number) => {
        const width = of.components[component]?.width ?? 1;
        return noised[component]?.slice(cell * width, (cell + 1) * width) ?? [];
      };
      return Array.from({ length: of.cells }, (_, cell): KeptCell | undefined => {
        const decided = placesOf(decider, cell).map(({ exact, said }) => (isShown(exact, said, k) ? said : undefined));
        if (fn === 'histogram') return { units: null, values: decided };
        if (decided.includes(undefined)) return undefined;
        const units = decided.reduce<bigint>((total, part) => total + (part ?? 0n), 0n);
        return { units, values: placesOf(value, cell).map(({ said }) => said) };
      });
    });
  };
}

/** Everything as it is. */
export const exactCounts = weakened({ noise: 'none', isShown: () => true });

/** A minimum of k and nothing else, the usual protection of published tables. */
export const minimumOnly = weakened({ noise: 'none', isShown: (units, _, k) => units >= k });

/** A minimum of k on exact counts, then rounding to multiples of five. */
export const roundedToFive = weakened({
  noise: 'none',
  isShown: (units, _, k) => units >= k,
  round: (value) => 5n * ((value + 2n) / 5n),
});

/** Noise on what is shown, but the minimum of k decides alone. */
export const noiseBehindMinimum = weakened({ isShown: (units, _, k) => units >= k });

/** Noise on every value, and nothing hidden. */
export const noiseOnly = weakened({ isShown: () => true });
