/** What a wanted exactness costs: the least loss of a fine grid at which cells are shown, by looking at all of them. */
import {
  type AccountantKind,
  AggregateQuery,
  asLoss,
  type CharterTemplate,
  lossOf,
  type MeasurePreview,
  type Preview,
  previewOf,
  rational,
  toNumber,
  wantedPrice,
  zero,
} from '@reinraum/protocol';
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

/** Every loss there is noise for on the grid, rising, with what a preview expects at it: by looking at all of them. */
function grid(kind: AccountantKind, measure: object, units: number) {
  const from = template('1');
  const pure: CharterTemplate = {
    ...from,
    populations: from.populations.map((one) => ({ ...one, budget: { epsilon: '8', delta: '1/1000' } })),
    accountant: { kind: 'pure', deltaPerDecision: from.accountant.deltaPerDecision },
  };
  const charter = kind === 'zcdp' ? from : pure;
  const mechanism = kind === 'zcdp' ? 'discreteGaussian' : 'discreteLaplace';
  const at = (num: bigint, den: bigint) => {
    const privacy = { mechanism, ...asLoss(kind, rational(num, den)), k: 5 };
    return AggregateQuery.parse({ ...bare, measures: [{ as: 'wanted', ...measure }], privacy });
  };
  const losses = Array.from({ length: 33 * 16 }, (_, n) => BigInt(16 + (n % 16)) << BigInt(n >> 4));
  const expected = losses.flatMap((num): { readonly loss: number; readonly preview: MeasurePreview }[] => {
    const den = 2n ** 24n;
    let preview: Preview;
    try {
      preview = previewOf(at(num, den), residents, {}, charter, spent, units);
    } catch {
      return [];
    }
    const [only] = preview.measures;
    return only ? [{ loss: Number(num) / Number(den), preview: only }] : [];
  });
  const least = (width: number) => {
    const found = wantedPrice(at(1n, 2n), residents, {}, charter, spent, units, new Map([['wanted', width]]));
    return found && toNumber(lossOf(found.privacy));
  };
  return { expected, least };
}

describe('a wanted exactness', () => {
  const measures = [
    { fn: 'count' },
    { fn: 'mean', column: 'r.age', clamp: [0, 100] },
    { fn: 'rate', of: { eq: ['r.sex', 'm'] } },
    { fn: 'sum', column: 'r.age', clamp: [0, 100] },
  ];
  test.each(
    (['zcdp', 'pure'] as const).flatMap((kind) =>
      measures.flatMap((measure) => {
        const sizes = 'clamp' in measure ? [300] : [20, 300, 3000];
        return sizes.map((units) => [kind, measure.fn, units, measure] as const);
      }),
    ),
  )('under %s is bought by the least of all losses: %s of %i units', (kind, _fn, units, measure) => {
    const { expected, least } = grid(kind, measure, units);
    expect(expected.length).toBeGreaterThan(400);
    // In a cell that is likely hidden nothing would be known, however narrow the range of what is rarely shown.
    const usable = expected.filter(({ preview }) => preview.shown >= 0.95);
    const widest = usable[0]?.preview.halfWidth ?? 0;
    for (const width of [100, 10, 2, 1.2, 1, 0.7, 0.3, 0.1, 0.02].map((part) => part * widest)) {
      const first = usable.find(({ preview }) => (preview.halfWidth ?? Number.POSITIVE_INFINITY) <= width);
      expect(least(width), `± ${width}`).toBe(first?.loss ?? null);
    }
  });

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

  test('is affordable as often as the allotments of who asks allow', () => {
    const from = template('1');
    const allotments = [{ for: { party: 'city' }, rho: '1/8', delta: '1/1000' }];
    const divided: CharterTemplate = { ...from, populations: from.populations.map((one) => ({ ...one, allotments })) };
    const runsLeft = (unit: string) => {
      const asker = { ref: 'm-1', unit, purpose: 'planning' };
      const wanted = new Map([['persons', 10]]);
      return wantedPrice(query, residents, {}, divided, spent, 300, wanted, asker)?.preview.runsLeft ?? 0;
    };
    expect(runsLeft('city/planning')).toBeGreaterThan(0);
    expect(Math.floor(runsLeft('bureau/data') / 8)).toBe(runsLeft('city/planning'));
  });

  test('that no noise allows is said to be none; so is a measure without a range', () => {
    expect(priced({ mean: 1e-9 })).toBeNull();
    expect(refusal(() => priced({ median: 5 }))).toBe('query-not-compilable: measures.median');
    expect(refusal(() => priced({ debts: 5 }))).toBe('query-not-compilable: measures.debts');
  });
});
