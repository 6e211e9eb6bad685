import {
  AggregateQuery,
  among,
  Charter,
  checkAgainstCharter,
  componentsOf,
  formatRational,
  multiply,
  parseRational,
  price,
} from '@reinraum/protocol';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fixedCharter } from '../support/fixed-room.ts';
import { refusal } from '../support/refusal.ts';
import { byDistrict, residents } from '../support/small-room.ts';

const charter = fixedCharter();
const [person] = charter.populations;
if (!person) throw new Error('the charter has no population');
const covering = (lossFactor: string) =>
  Charter.parse({
    ...charter,
    populations: [
      { ...person, covers: [{ population: 'company', lossFactor }] },
      { ...person, id: 'company' },
    ],
  });
const asking = (bend: object, rho = '1/8') =>
  AggregateQuery.parse({ ...byDistrict, privacy: { ...byDistrict.privacy, rho }, ...bend });

describe('the price', () => {
  test('is ρ of the template and δ of one decision, on the population that is asked', () => {
    expect(price(byDistrict, residents, charter)).toEqual([{ population: 'person', rho: '1/8', delta: '1/100000000' }]);
  });

  test('charges covered populations as well, ρ and δ by the factor of ρ', () => {
    expect(price(byDistrict, residents, covering('4'))).toEqual([
      { population: 'person', rho: '1/8', delta: '1/100000000' },
      { population: 'company', rho: '1/2', delta: '1/25000000' },
    ]);
    expect(price(asking({ population: 'company' }), residents, covering('4'))).toEqual([
      { population: 'company', rho: '1/8', delta: '1/100000000' },
    ]);
  });

  test('on a population that is unknown is refused', () => {
    expect(refusal(() => price(asking({ population: 'household' }), residents, charter))).toBe(
      'query-not-compilable: population',
    );
  });

  test('is exact, and pays for exactly the noise: variance · 2ρ = 1', () => {
    // Losses whose noise is within the limits of a count that decides.
    const fractions = fc
      .bigInt({ min: 1n, max: 10n ** 30n })
      .chain((den) => fc.tuple(fc.bigInt({ min: den / 2n ** 25n + 1n, max: 500n * den }), fc.constant(den)));
    fc.assert(
      fc.property(fractions, ([num, den]) => {
        const rho = formatRational(multiply({ num, den: 1n }, parseRational(den === 1n ? '1' : `1/${den}`)));
        const query = asking({}, rho);
        const [component] = componentsOf(query, residents).components;
        if (component?.mechanism.kind !== 'discreteGaussian') throw new Error('not Gaussian');
        expect(
          formatRational(multiply(multiply(component.mechanism.variance, { num: 2n, den: 1n }), parseRational(rho))),
        ).toBe('1');
        expect(price(query, residents, charter)[0]).toMatchObject({ rho });
      }),
    );
  });
});

describe('a charter permits a query', () => {
  test.each<[string, string, () => unknown]>([
    ['that keeps to it', 'permitted', () => checkAgainstCharter(byDistrict, charter, among([residents]))],
    [
      'at its floor of k',
      'permitted',
      () => checkAgainstCharter(asking({ privacy: { ...byDistrict.privacy, k: 5 } }), charter, among([residents])),
    ],
    [
      'but not below it',
      'k-below-floor: privacy.k',
      () => checkAgainstCharter(asking({ privacy: { ...byDistrict.privacy, k: 4 } }), charter, among([residents])),
    ],
    ['but not without noise', 'query-not-compilable: privacy.rho', () => componentsOf(asking({}, '0'), residents)],
    [
      'but not with noise of another accountant',
      'query-not-compilable: privacy.mechanism',
      () =>
        checkAgainstCharter(
          asking({ privacy: { mechanism: 'discreteLaplace', epsilon: '1/2', k: 5 } }),
          charter,
          among([residents]),
        ),
    ],
    [
      'but not for another purpose',
      'purpose-unknown: purpose',
      () => checkAgainstCharter(asking({ purpose: 'advertising' }), charter, among([residents])),
    ],
    [
      'but not for a stranger',
      'recipient-not-allowed: recipients.1',
      () => checkAgainstCharter(asking({ recipients: ['city/planning', 'bureau/data'] }), charter, among([residents])),
    ],
    [
      'but not about others',
      'query-not-compilable: population',
      () => checkAgainstCharter(asking({ population: 'household' }), charter, among([residents])),
    ],
  ])('%s', (_name, message, check) => {
    expect(refusal(check)).toBe(message);
  });
});
