/** What a wanted exactness costs: the least loss of a fine grid, by looking at all of them. */
import { AggregateQuery, asLoss, lossOf, previewOf, rational, toNumber, wantedPrice, zero } from '@reinraum/protocol';
import { describe, expect, test } from 'vitest';
import { refusal } from '../support/refusal.ts';
import { byDistrict, residents, template } from '../support/small-room.ts';

const { params: _params, where: _where, ...bare } = byDistrict;
const query = AggregateQuery.parse({
  ...bare,
  measures: [
    { as: 'persons', fn: 'count' },
    { as: 'mean', fn: 'mean', column: 'r.age', clamp: [0, 100] },
    { as: 'men', fn: 'rate', of: { eq: ['r.sex', 'm'] } },
    { as: 'median', fn: 'quantile', column: 'r.age', q: '1/2', edges: [0, 20, 40, 60] },
  ],
});
const spent = () => ({ loss: zero, delta: zero });
const priced = (wanted: Record<string, number>, units = 300) =>
  wantedPrice(query, residents, {}, template('1'), spent, units, new Map(Object.entries(wanted)));
const halfWidthAt = (loss: number, measure: string, units = 300) => {
  const privacy = { ...query.privacy, ...asLoss('zcdp', rational(BigInt(Math.round(loss * 2 ** 30)), 2n ** 30n)) };
  const preview = previewOf({ ...query, privacy }, residents, {}, template('1'), spent, units);
  return preview.measures.find(({ as }) => as === measure)?.halfWidth ?? Number.NaN;
};

describe('a wanted exactness', () => {
  test.each([
    ['persons', 10],
    ['persons', 3],
    ['mean', 2],
    ['men', 0.04],
  ])('%s to ± %d is bought by the least loss that is enough, to a sixteenth', (measure, width) => {
    const found = priced({ [measure]: width });
    if (!found) throw new Error('nothing found');
    const loss = toNumber(lossOf(found.privacy));
    expect(found.preview.measures.find(({ as }) => as === measure)?.halfWidth).toBeLessThanOrEqual(width);
    expect(halfWidthAt(loss, measure)).toBeLessThanOrEqual(width);
    expect(halfWidthAt((loss * 15) / 16 - loss / 500, measure)).toBeGreaterThan(width);
    // The price is the preview's own, with what it covers.
    expect(found.preview.charges[0]).toMatchObject(
      found.privacy.mechanism === 'discreteGaussian' ? { rho: found.privacy.rho } : {},
    );
  });

  test('of several measures is what the most demanding of them needs', () => {
    const loss = (wanted: Record<string, number>) => {
      const found = priced(wanted);
      return found ? toNumber(lossOf(found.privacy)) : Number.NaN;
    };
    const [one, other] = [loss({ persons: 10 }), loss({ mean: 2 })];
    expect(loss({ persons: 10, mean: 2 })).toBe(Math.max(one, other));
    expect(one).not.toBe(other);
  });

  test('costs less in larger cells, where a share is wanted', () => {
    const loss = (units: number) => {
      const found = priced({ men: 0.04 }, units);
      return found ? toNumber(lossOf(found.privacy)) : Number.NaN;
    };
    expect(loss(3_000)).toBeLessThan(loss(300));
  });

  test('that no noise allows is said to be none; so is a measure without a range', () => {
    expect(priced({ mean: 1e-9 })).toBeNull();
    expect(refusal(() => priced({ median: 5 }))).toBe('query-not-compilable: measures.median');
    expect(refusal(() => priced({ debts: 5 }))).toBe('query-not-compilable: measures.debts');
  });
});
