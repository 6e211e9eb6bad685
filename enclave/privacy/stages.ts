/**
 * The stages between exact tables and a release, as types only this module can make: Exact → Noised → Kept. A stage that
 * is skipped does not compile (test/unit/stages.test.ts), and a later one holds no handle to an earlier one.
 */
import { type Mechanism, type Plan, placesIn, type Rational } from '@reinraum/protocol';
import { keepTogether } from './levels.ts';
import type { NoisePool } from './pool.ts';
import { cutOf, isShown, pairCutOf } from './threshold.ts';

declare const exact: unique symbol;
declare const noised: unique symbol;
declare const kept: unique symbol;

/** Exact integers, one table a component, cells in row-major order. Secret: nothing may come of it but {@link addNoise}. */
export interface Exact {
  readonly [exact]: true;
  readonly tables: readonly (readonly bigint[])[];
}

/** Tables with their noise. Secret as long as cells below the cut are in them. */
export interface Noised {
  readonly [noised]: true;
  /** Per component and place: the integer and its noise, together until the decision which cells are shown. */
  readonly tables: readonly (readonly { readonly exact: bigint; readonly noise: bigint }[])[];
}

/** What may be shown of one measure in one cell. */
export interface KeptCell {
  /** Noised count of the units it rests on; null where the values count them: a histogram's each their own, two sides together. */
  readonly units: bigint | null;
  /** Noised integers of its value component, of a variance its squares last; undefined where a class alone is hidden. */
  readonly values: readonly (bigint | undefined)[];
}

/** What may be shown: per measure and cell noised integers, or undefined for every hidden cell. */
export interface Kept {
  readonly [kept]: true;
  readonly measures: readonly KeptTable[];
  /** Levels of a hierarchy above the finest cells. */
  readonly levels: readonly KeptTable[];
}

/** What may be shown of a measure, or of a level, and the rule it was decided by. */
export interface KeptTable {
  readonly cells: readonly (KeptCell | undefined)[];
  readonly rule: { readonly mechanism: Mechanism; readonly k: bigint; readonly cut: bigint };
}

/** Marks the engine's tables of a plan. Throws `RangeError` unless there is one integer a place of each component. */
export function exactTables(plan: Plan, tables: readonly (readonly bigint[])[]): Exact {
  const isWhole = plan.components.every((of, at) => tables[at]?.length === placesIn(of, plan.cells));
  if (!isWhole || tables.length !== plan.components.length) throw new RangeError('stages: not one integer a place');
  return { tables } as unknown as Exact;
}

/** Adds one fresh draw to every place, empty ones included. Throws where the pool is short. */
export function addNoise({ tables }: Exact, plan: Plan, pool: NoisePool): Noised {
  const noised = plan.components.map(({ mechanism }, at) => {
    const table = tables[at] ?? shortOfNoise();
    const draws = pool.take(mechanism, table.length);
    return table.map((value, place) => ({ exact: value, noise: draws[place] ?? shortOfNoise() }));
  });
  return { tables: noised } as unknown as Noised;
}

/**
 * Hard k with differential privacy (privacy.md "Hard k"): a count of units decides by itself – a place is shown iff
 * units ≥ k and units + noise ≥ cut, and so do two sides by their sum. Rates and shares are shown where every class is;
 * sums, quantiles and other means where the count of the units they rest on is. Levels of a hierarchy are decided each by
 * itself, then together.
 */
export function keep({ tables }: Noised, plan: Plan, deltaPerDecision: Rational): Kept {
  const k = BigInt(plan.k);
  const measures = plan.measures.map(({ fn, decider, value, squares }): KeptTable => {
    const { part, mechanism, width, sensitivity } = plan.components[decider] ?? shortOfNoise();
    const isTwoSided = part === 'twoSided';
    const cut = isTwoSided
      ? pairCutOf(mechanism, k, deltaPerDecision, sensitivity.lInfinity)
      : cutOf(mechanism, k, deltaPerDecision);
    const cells = Array.from({ length: plan.cells }, (_, cell): KeptCell | undefined => {
      if (isTwoSided) return twoSides(placesOf(tables[decider], cell, width), k, cut, sensitivity.lInfinity);
      const decided = placesOf(tables[decider], cell, width).map(({ exact, noise }) =>
        isShown(exact, noise, k, cut) ? exact + noise : undefined,
      );
      if (fn === 'histogram' || fn === 'overlap') return { units: null, values: decided };
      if (decided.includes(undefined)) return undefined;
      const units = decided.reduce<bigint>((total, part) => total + (part ?? 0n), 0n);
      if (decider === value) return { units, values: decided };
      const released = [value, ...(squares === undefined ? [] : [squares])].flatMap((component) =>
        placesOf(tables[component], cell, plan.components[component]?.width ?? 0),
      );
      return { units, values: released.map(({ exact, noise }) => exact + noise) };
    });
    return { cells, rule: { mechanism, k, cut } };
  });
  const above = (plan.levels ?? []).map((level): KeptTable => {
    const { mechanism } = plan.components[level.component] ?? shortOfNoise();
    const cut = cutOf(mechanism, k, deltaPerDecision);
    const cells = (tables[level.component] ?? shortOfNoise()).map(({ exact, noise }) =>
      isShown(exact, noise, k, cut) ? { units: exact + noise, values: [exact + noise] } : undefined,
    );
    return { cells, rule: { mechanism, k, cut } };
  });
  const [finest, ...levels] = above.length > 0 ? keepTogether([...measures, ...above], plan.levels ?? []) : [];
  return { measures: finest ? [finest] : measures, levels } as unknown as Kept;
}

/** A + B is W times the valid units of the cell. */
function twoSides(places: Noised['tables'][number], k: bigint, cut: bigint, width: bigint): KeptCell | undefined {
  const exact = places.reduce((total, place) => total + place.exact, 0n);
  const noise = places.reduce((total, place) => total + place.noise, 0n);
  if (!isShown(exact, noise, width * k, width * cut)) return undefined;
  return { units: null, values: places.map((place) => place.exact + place.noise) };
}

function placesOf(table: Noised['tables'][number] | undefined, cell: number, width: number): Noised['tables'][number] {
  return table?.slice(cell * width, (cell + 1) * width) ?? shortOfNoise();
}

function shortOfNoise(): never {
  throw new Error('stages: a place without noise');
}
