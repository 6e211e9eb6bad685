/**
 * Answers of the stages – noise, cut, keep decision – on a dataset and a neighbour, seen from outside: are they as alike as their price
 * says? After the stochastic tester of Google's differential privacy library: a histogram of answers each, and Σ max(0, p − e^ε·p′) may be at
 * most δ but for sampling error.
 *
 * 200,000 answers a world and one vote here; 1,000,000 and the majority of 9 votes at night (REINRAUM_NIGHTLY). By a bound on mean and
 * deviation of the sum at its largest, each vote of the sound stages raises a false alarm with a probability below 1e-6; there are 10. Bits come
 * from seeds. The mutated builds must fail.
 */
import { AggregateQuery, distributionOf, type Mechanism, type Plan, plan, rational } from '@reinraum/protocol';
import { describe, expect, test, vi } from 'vitest';
import { ours, type Published } from '../support/builds.ts';
import { seededBits } from '../support/seeded-bits.ts';
import { byDistrict, residents } from '../support/small-room.ts';

const isNight = process.env['REINRAUM_NIGHTLY'] === '1';
const samples = isNight ? 1_000_000 : 200_000;
const votes = isNight ? 9 : 1;
/** Answers made at once: as many as a pool holds of each noise, two integers a cell. */
const chunk = 40_000;
const z = 4.9;
if (isNight) vi.setConfig({ testTimeout: 1_800_000 });

const { params: _params, where: _where, ...bare } = byDistrict;
const planOf = (measure: object, privacy: object): Plan =>
  plan(
    AggregateQuery.parse({
      ...bare,
      groupBy: [{ column: 'r.district', as: 'district', keys: ['alpha'] }],
      measures: [{ as: 'm', ...measure }],
      privacy: { ...privacy, k: 5 },
    }),
    residents,
    {},
  );

const gaussian = { mechanism: 'discreteGaussian', rho: '1/8' };
const laplace = { mechanism: 'discreteLaplace', epsilon: '1' };
const count = { fn: 'count' };
const rate = { fn: 'rate', of: { eq: ['r.sex', 'm'] } };
const mean = { fn: 'mean', column: 'r.age', clamp: [0, 2] };

/** One unit more or less in one cell, with the tables it changes. */
interface Case {
  readonly name: string;
  readonly of: Plan;
  readonly world: readonly (readonly bigint[])[];
  readonly neighbour: readonly (readonly bigint[])[];
}
const cases: readonly Case[] = [
  { name: 'count, Gaussian', of: planOf(count, gaussian), world: [[30n]], neighbour: [[29n]] },
  { name: 'count, Laplace', of: planOf(count, laplace), world: [[30n]], neighbour: [[29n]] },
  { name: 'count at the minimum, Gaussian', of: planOf(count, gaussian), world: [[5n]], neighbour: [[4n]] },
  { name: 'rate, Laplace', of: planOf(rate, laplace), world: [[40n, 35n]], neighbour: [[39n, 35n]] },
  { name: 'two-sided mean, Laplace', of: planOf(mean, laplace), world: [[50n, 50n]], neighbour: [[50n, 48n]] },
];

/** Answers of one world by how often they were given. */
function answersOf({ of }: Case, tables: readonly (readonly bigint[])[], seed: string, made = of): Map<string, number> {
  const bits = seededBits(seed);
  const seen = new Map<string, number>();
  for (let left = samples; left > 0; left -= chunk) {
    const trials = Array.from({ length: Math.min(chunk, left) }, () => tables);
    for (const answer of ours(made, trials, bits)) {
      const key = spelled(answer);
      seen.set(key, (seen.get(key) ?? 0) + 1);
    }
  }
  return seen;
}

function spelled(answer: Published): string {
  return answer.map((cell) => (cell ? `${cell.units}:${cell.values.join()}` : '.')).join('|');
}

/** δ at ε: what the declared noise of a count has exactly, Σ max(0, P(x) − e^ε·P(x + 1)), and the δ of one keep decision beside it. */
function allowed({ of }: Case, epsilon: number): number {
  const mechanism = of.components[0]?.mechanism;
  const decision = 1e-8;
  if (mechanism?.kind !== 'discreteGaussian') return decision;
  const { pmf } = distributionOf(mechanism);
  let delta = decision;
  for (let x = -60; x <= 60; x++) delta += Math.max(0, pmf(x) - Math.exp(epsilon) * pmf(x + 1));
  return delta;
}

/** Whether the first histogram is further above the second than ε, δ and chance explain. */
function isExposed(first: Map<string, number>, second: Map<string, number>, epsilon: number, delta: number): boolean {
  const factor = Math.exp(epsilon);
  let [sum, bias, variance] = [0, 0, 0];
  for (const key of new Set([...first.keys(), ...second.keys()])) {
    const [p, q] = [(first.get(key) ?? 0) / samples, (second.get(key) ?? 0) / samples];
    sum += Math.max(0, p - factor * q);
    const spread = (p + factor ** 2 * q) / samples;
    // Far below nothing is added, but for one time in 10^9.
    if (p - factor * q < -6 * Math.sqrt(spread)) continue;
    // The positive part of an error of mean zero: its mean is its deviation over √2π at most.
    bias += Math.sqrt(spread / (2 * Math.PI));
    variance += spread;
  }
  return sum > delta + bias + z * Math.sqrt(variance);
}

/** Whether most votes say that answers tell the worlds apart, in either direction. */
function tellsApart(of: Case, epsilon: number, made?: Plan): boolean {
  let against = 0;
  for (let vote = 0; vote < votes; vote++) {
    const world = answersOf(of, of.world, `${of.name} world ${vote}`, made);
    const neighbour = answersOf(of, of.neighbour, `${of.name} neighbour ${vote}`, made);
    const delta = allowed(of, epsilon);
    if (isExposed(world, neighbour, epsilon, delta) || isExposed(neighbour, world, epsilon, delta)) against += 1;
  }
  return against > votes / 2;
}

/** The noise of a plan made smaller by a factor, its price left as it was. */
function lessNoise(of: Plan, factor: number): Plan {
  const part = BigInt(Math.round(1000 * factor));
  const weaker = (mechanism: Mechanism): Mechanism =>
    mechanism.kind === 'discreteGaussian'
      ? { ...mechanism, variance: rational(mechanism.variance.num * part * part, mechanism.variance.den * 1_000_000n) }
      : { ...mechanism, scale: rational(mechanism.scale.num * part, mechanism.scale.den * 1000n) };
  return {
    ...of,
    components: of.components.map((component) => ({ ...component, mechanism: weaker(component.mechanism) })),
  };
}

/** Laplace noise is asked for its own ε; of Gaussian noise the loss is seen best at one deviation. */
const epsilonOf = ({ of }: Case) => (of.components[0]?.mechanism.kind === 'discreteLaplace' ? 1 : 0.5);

describe('from outside, answers about neighbours', () => {
  test.each(cases.map((of) => [of.name, of] as const))('are as alike as the price says: %s', (_name, of) => {
    expect(tellsApart(of, epsilonOf(of))).toBe(false);
  });

  test.each(cases.filter(({ name }) => !name.includes('minimum')).map((of) => [of.name, of] as const))(
    'are told apart with noise 17.5 % too small: %s',
    (_name, of) => {
      expect(tellsApart(of, epsilonOf(of), lessNoise(of.of, 0.825))).toBe(true);
    },
  );

  test('are told apart with the noise of half the sensitivity', () => {
    for (const of of cases.filter(({ name }) => !name.includes('minimum'))) {
      expect(tellsApart(of, epsilonOf(of), lessNoise(of.of, 0.5))).toBe(true);
    }
  });
});
