/** Previews: the cut is the enclave's own, runs left are what the balances allow, and larger cells are shown and exact. */
import {
  AggregateQuery,
  cutFor,
  hiddenExpected,
  type Mechanism,
  parseRational,
  plan,
  previewOf,
  rational,
  zero,
} from '@reinraum/protocol';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cutOf } from '../../enclave/privacy/threshold.ts';
import { byDistrict, residents, template } from '../support/small-room.ts';

const { params: _params, where: _where, ...bare } = byDistrict;
const query = AggregateQuery.parse({
  ...bare,
  measures: [
    { as: 'persons', fn: 'count' },
    { as: 'years', fn: 'sum', column: 'r.age', clamp: [0, 100] },
    { as: 'mean', fn: 'mean', column: 'r.age', clamp: [0, 100] },
    { as: 'men', fn: 'rate', of: { eq: ['r.sex', 'm'] } },
    { as: 'bands', fn: 'histogram', column: 'r.age', edges: [0, 30, 60] },
    { as: 'halves', fn: 'shares', column: 'r.age', edges: [0, 30, 60] },
    { as: 'median', fn: 'quantile', column: 'r.age', q: '1/2', edges: [0, 20, 40, 60] },
  ],
});
const nothing = () => ({ loss: zero, delta: zero });
const previewed = (units: number, spent: Parameters<typeof previewOf>[4] = nothing) =>
  previewOf(query, residents, {}, template('1'), spent, units);

test('the cut for display is the one the enclave decides by', () => {
  const mechanism: fc.Arbitrary<Mechanism> = fc
    .tuple(fc.constantFrom('discreteGaussian', 'discreteLaplace'), fc.bigInt(1n, 4000n), fc.bigInt(1n, 20n))
    .map(([kind, num, den]) =>
      kind === 'discreteGaussian'
        ? { kind, variance: rational(num, den) }
        : { kind: 'discreteLaplace', scale: rational(num, den * 8n) },
    );
  fc.assert(
    fc.property(
      mechanism,
      fc.integer({ min: 2, max: 60 }),
      fc.constantFrom('1/100', '1/1000000', '1/100000000'),
      (noise, k, delta) => {
        expect(BigInt(cutFor(noise, k, parseRational(delta)))).toBe(cutOf(noise, BigInt(k), parseRational(delta)));
      },
    ),
    { numRuns: 60, seed: 5 },
  );
});

describe('runs left', () => {
  test.each<[string, string, string, number]>([
    ['the whole budget', '0', '0', 8],
    ['half of it', '1/2', '0', 4],
    ['a rest that is not enough', '15/16', '0', 0],
    ['nothing', '1', '0', 0],
    ['δ where it runs out first', '0', '24997/25000000', 3],
  ])('of %s', (_name, loss, delta, runs) => {
    const spent = () => ({ loss: parseRational(loss), delta: parseRational(delta) });
    // One run costs ρ 1/8 and δ 4e-8: the count, the pair and two sets of classes decide.
    expect(previewed(1000, spent).charges).toEqual([{ population: 'person', rho: '1/8', delta: '1/25000000' }]);
    expect(previewed(1000, spent).runsLeft).toBe(runs);
  });
});

test('larger cells are likelier to be shown, and means and shares of them are more exact', () => {
  const [small, middle, large] = [previewed(60), previewed(600), previewed(6000)];
  const half = (preview: ReturnType<typeof previewed>, as: string) =>
    preview.measures.find((measure) => measure.as === as)?.halfWidth ?? 0;
  for (const as of ['mean', 'men', 'halves']) {
    expect(half(small, as)).toBeGreaterThan(half(middle, as));
    expect(half(middle, as)).toBeGreaterThan(half(large, as));
  }
  expect(half(small, 'years')).toBe(half(large, 'years'));
  large.measures.forEach((measure, at) => {
    expect(measure.shown).toBeGreaterThanOrEqual(small.measures[at]?.shown ?? 1);
    expect(measure.hiddenExpected).toBeLessThanOrEqual(small.measures[at]?.hiddenExpected ?? 0);
    expect(measure.unitsForMost).toBeGreaterThanOrEqual(measure.unitsForHalf);
  });
  expect(small.measures.find(({ as }) => as === 'bands')?.hiddenExpected).toBe(27);
  expect(large.measures.every(({ shown }) => shown > 0.999)).toBe(true);
});

test('cells of an earlier release say how many are likely to be hidden', () => {
  const noise: Mechanism = { kind: 'discreteGaussian', variance: rational(4n) };
  expect(hiddenExpected({ cut: 20, k: 5 }, noise, [0, 4, 1000, 1000])).toBeCloseTo(2, 9);
  // Right at the cut a cell is shown a little more often than not, as its own draw of zero shows it.
  const [atCut] = [hiddenExpected({ cut: 20, k: 5 }, noise, [20])];
  expect(atCut).toBeGreaterThan(0.35);
  expect(atCut).toBeLessThan(0.5);
});

test('a hierarchy has a preview of every level, with the cut of its own noise', () => {
  const group = (code: string, of: string[]) => ({ code, de: code, en: code, of });
  const title = byDistrict.title;
  const levels = [
    { as: 'area', title, groups: [group('west', ['alpha', 'gamma']), group('east', ['beta'])] },
    { as: 'city', title, groups: [group('all', ['west', 'east'])] },
  ];
  const asked = AggregateQuery.parse({
    ...bare,
    groupBy: [{ column: 'r.district', as: 'district' }],
    hierarchy: { axis: 'district', levels },
    measures: [{ as: 'persons', fn: 'count' }],
  });
  const of = plan(asked, residents, {});
  const preview = previewOf(asked, residents, {}, template('1'), nothing, 20);
  const delta = parseRational('1/100000000');
  const cuts = of.components.map(({ mechanism }) => Number(cutOf(mechanism, BigInt(of.k), delta)));
  expect([...preview.measures, ...(preview.levels ?? [])].map(({ cut }) => cut)).toEqual(cuts);
  expect(preview.levels?.map(({ as, cells }) => [as, cells])).toEqual([
    ['area', 2],
    ['city', 1],
  ]);
  const shown = (units: number) => previewOf(asked, residents, {}, template('1'), nothing, units);
  expect(preview.levels?.[0]?.shown).toBeLessThan(shown(60).levels?.[0]?.shown ?? 0);
  // Far from every cut the ranges are those of the noise, which is wider above.
  const widths = [...shown(600).measures, ...(shown(600).levels ?? [])].map(({ halfWidth }) => halfWidth ?? 0);
  expect(widths.toSorted((x, y) => x - y)).toEqual(widths);
  expect(new Set(widths).size).toBe(3);
  expect(previewed(100).levels).toBeUndefined();
});
