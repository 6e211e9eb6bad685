/**
 * Grey-box replay (dp-recorder, arXiv 2602.17454): an answer computed twice, on a dataset and on a neighbour, with the same
 * noise. Whatever differs must be what the proofs say may differ.
 */
import { compare, type Mechanism, type Plan, type PlanMeasure, type Rational, rational } from '@reinraum/protocol';
import { infer } from '../../enclave/privacy/infer.ts';
import { NoisePool } from '../../enclave/privacy/pool.ts';
import { addNoise, exactTables, type Kept, keep } from '../../enclave/privacy/stages.ts';
import { tailOf } from '../../enclave/privacy/tail.ts';
import { deltaOfDecision } from './builds.ts';
import { seededBits } from './seeded-bits.ts';

/** Exact tables, one a component. */
export type ExactTables = readonly (readonly bigint[])[];

/** The parts of an answer that a mutated engine exchanges. */
export interface Engine {
  /** The plan the stages work with. */
  readonly declared: (of: Plan) => Plan;
  /** What the keep decision is given; the noise stays that of its place. */
  readonly decide: (tables: ExactTables) => ExactTables;
}

/** The enclave's own stages. */
export const sound: Engine = { declared: (of) => of, decide: (tables) => tables };

/** What was seen while replaying, so that a test can tell that it has seen enough. */
export interface Seen {
  /** Places whose exact integers differ between the neighbours. */
  differing: number;
  shown: number;
  hidden: number;
  /** Decisions that came out otherwise for the neighbour. */
  flipped: number;
}

/** Everything in which the two tables, before noise, differ by more than is declared. */
export function sensitivityFaults(of: Plan, tables: ExactTables, neighbour: ExactTables, seen: Seen): string[] {
  return of.components.flatMap(({ part, sensitivity }, at) => {
    const by = (tables[at] ?? []).map((value, place) => value - (neighbour[at]?.[place] ?? 0n)).filter((d) => d !== 0n);
    const sizes = by.map((d) => (d < 0n ? -d : d));
    const sum = (list: readonly bigint[]) => list.reduce((total, d) => total + d, 0n);
    seen.differing += by.length;
    const norms = {
      l0: BigInt(by.length),
      l1: sum(sizes),
      l2Squared: sum(sizes.map((d) => d * d)),
      lInfinity: sizes.reduce((most, d) => (d > most ? d : most), 0n),
    };
    return (Object.keys(norms) as (keyof typeof norms)[])
      .filter((norm) => norms[norm] > sensitivity[norm])
      .map((norm) => `${part}: ${norm} is ${norms[norm]}, declared ${sensitivity[norm]}`);
  });
}

/** The loss of all components together, as their noise and their sensitivity say: Σ Δ₂²/2σ², or Σ Δ₁/scale. */
export function lossOfNoise({ components }: Plan): Rational {
  return components.reduce<Rational>((total, { mechanism, sensitivity }) => {
    const { num, den } = mechanism.kind === 'discreteGaussian' ? mechanism.variance : mechanism.scale;
    const part =
      mechanism.kind === 'discreteGaussian'
        ? rational(sensitivity.l2Squared * den, 2n * num)
        : rational(sensitivity.l1 * den, num);
    return rational(total.num * part.den + part.num * total.den, total.den * part.den);
  }, rational(0n));
}

/** P(noise ≥ m) of one draw or of two, from above. */
function rareAt(mechanism: Mechanism, m: bigint, draws: 1 | 2): boolean {
  return compare(tailOf(mechanism, 200, draws)(m).upper, deltaOfDecision) <= 0;
}

/** Everything in which the answer to the neighbour, with the same noise, differs otherwise than it may. */
export function replayFaults(
  plan: Plan,
  tables: ExactTables,
  neighbour: ExactTables,
  seed: string,
  seen: Seen,
  engine: Engine = sound,
): string[] {
  const of = engine.declared(plan);
  const run = (exact: ExactTables) => {
    const pool = frozenPool(of, seed);
    const noised = addNoise(exactTables(of, engine.decide(exact)), of, pool);
    const kept = keep(noised, of, deltaOfDecision);
    const left = of.components.map(({ mechanism }) => pool.available(mechanism));
    return { kept, left, said: infer(kept, of) };
  };
  const [first, second] = [run(tables), run(neighbour)];
  const faults: string[] = [];
  if (first.left.join() !== second.left.join()) faults.push('another number of draws was taken');
  const shape = ({ said }: typeof first) => JSON.stringify([said.measures, said.cells.map(({ key }) => key)]);
  if (shape(first) !== shape(second)) faults.push('what is said of the measures depends on the data');
  return [
    ...faults,
    ...plan.measures.flatMap((measure, at) => {
      const [mine, theirs] = [first.kept.measures[at], second.kept.measures[at]];
      if (!mine || !theirs) return missing();
      return measureFaults(plan, measure, { tables, kept: mine }, { tables: neighbour, kept: theirs }, seen);
    }),
  ];
}

/** One measure in one of the two worlds. */
interface World {
  readonly tables: ExactTables;
  readonly kept: Kept['measures'][number];
}

function measureFaults(plan: Plan, measure: PlanMeasure, mine: World, theirs: World, seen: Seen): string[] {
  const { as } = measure;
  const { part, mechanism, sensitivity } = plan.components[measure.decider] ?? missing();
  const isTwoSided = part === 'twoSided';
  const above = (isTwoSided ? sensitivity.lInfinity : 1n) * (mine.kept.rule.cut - BigInt(plan.k));
  const faults = rareAt(mechanism, above, isTwoSided ? 2 : 1) ? [] : [`${as}: a cell of k is shown too often`];
  for (let cell = 0; cell < plan.cells; cell++) {
    faults.push(...decisionFaults(plan, measure, cell, mine, theirs, seen).map((fault) => `${as}: ${fault}`));
    // What is shown in both worlds differs by what the counts and sums differ by, and nothing else.
    const [values, others] = [mine, theirs].map(({ kept }) => kept.cells[cell]?.values.join());
    const isUntouched = placesOf(plan, mine.tables, cell) === placesOf(plan, theirs.tables, cell);
    if (isUntouched && values !== others) faults.push(`${as}: another value where nothing changed`);
  }
  return faults;
}

/** Decisions of one cell: one a class of a histogram, else one. */
function decisionFaults(
  plan: Plan,
  measure: PlanMeasure,
  cell: number,
  mine: World,
  theirs: World,
  seen: Seen,
): string[] {
  const faults: string[] = [];
  const [here, there] = [mine, theirs].map((world) => decisionsOf(plan, measure, cell, world)) as [
    Decided[],
    Decided[],
  ];
  here.forEach(({ counts, isShown }, at) => {
    const other = there[at] ?? missing();
    seen[isShown ? 'shown' : 'hidden'] += 1;
    for (const decided of [{ counts, isShown }, other]) {
      if (decided.isShown && decided.counts.some((count) => count < BigInt(plan.k))) faults.push('shown below k');
    }
    if (isShown === other.isShown) return;
    seen.flipped += 1;
    if (counts.join() === other.counts.join()) faults.push('a decision changed where no count did');
  });
  return faults;
}

/** Exact counts of units one decision rests on, and how it came out. */
interface Decided {
  readonly counts: readonly bigint[];
  readonly isShown: boolean;
}

function decisionsOf(plan: Plan, { fn, decider }: PlanMeasure, cell: number, { tables, kept }: World): Decided[] {
  const { part, width, sensitivity } = plan.components[decider] ?? missing();
  const places = (tables[decider] ?? []).slice(cell * width, (cell + 1) * width);
  const values = kept.cells[cell]?.values;
  if (fn === 'histogram') {
    return places.map((count, at) => ({ counts: [count], isShown: values?.[at] !== undefined }));
  }
  // Two sides together are W times the units.
  const counts = part === 'twoSided' ? [places.reduce((sum, side) => sum + side, 0n) / sensitivity.lInfinity] : places;
  return [{ counts, isShown: values !== undefined }];
}

/** All integers of a cell. */
function placesOf({ components }: Plan, tables: ExactTables, cell: number): string {
  return components.map(({ width }, at) => (tables[at] ?? []).slice(cell * width, (cell + 1) * width)).join(';');
}

function frozenPool({ components, cells }: Plan, seed: string): NoisePool {
  const pool = new NoisePool(seededBits(seed));
  for (const { mechanism, width } of components) pool.fill(mechanism, cells * width);
  return pool;
}

function missing(): never {
  throw new TypeError('grey box: a measure without its component');
}
