/** Allotments divide a budget: who is charged where, what a charter may say, and that no account is ever overdrawn. */
import { afterCharges, type Room, spentOf } from '@reinraum/audit';
import {
  accountsOf,
  add,
  allAccounts,
  type Charter,
  type CharterTemplate,
  charterFaults,
  compare,
  lossOf,
  Population,
  parseRational,
  rational,
  zero,
} from '@reinraum/protocol';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { honestLog } from '../support/honest-log.ts';
import { template } from '../support/small-room.ts';

const delta = '1/1000';
const allotments = [
  { for: { party: 'city' }, rho: '1/2', delta },
  { for: { unit: 'city/planning' }, rho: '1/4', delta },
  { for: { purpose: 'planning' }, rho: '3/4', delta },
  { for: { each: 'analyst' }, rho: '1/8', delta },
];
const [bare] = template('1').populations;
const person = Population.parse({ ...bare, allotments });
const asker = { ref: 'm-1', unit: 'city/planning', purpose: 'planning' };
const withAllotments = (list: readonly object[]): CharterTemplate =>
  ({ ...template('1'), populations: [{ ...bare, allotments: list }] }) as CharterTemplate;

describe('an account', () => {
  test('is charged for whom it names, beside the population', () => {
    const names = (of: Partial<typeof asker>) => accountsOf(person, { ...asker, ...of }).map(({ name }) => name);
    expect(names({})).toEqual([
      'person',
      'person party/city',
      'person unit/city/planning',
      'person purpose/planning',
      'person analyst/m-1',
    ]);
    expect(names({ unit: 'citymore/planning', purpose: 'other' })).toEqual(['person', 'person analyst/m-1']);
    expect(accountsOf(person, null).map(({ name }) => name)).toEqual(['person']);
    const members = [
      { ref: 'm-1', roles: ['analyst'] },
      { ref: 'm-2', roles: ['owner'] },
    ] as unknown as Charter['members'];
    expect(allAccounts(person, { members }).at(-1)?.name).toBe('person analyst/m-1');
    expect(allAccounts(person, { members })).toHaveLength(5);
  });

  test('is never overdrawn however charges interleave, and its last part can be spent', () => {
    const askers = fc.record({
      ref: fc.constantFrom('m-1', 'm-2', 'm-3'),
      unit: fc.constantFrom('city/planning', 'city/statistics', 'bureau/data'),
      purpose: fc.constantFrom('planning', 'other'),
    });
    const asked = fc.record({ asker: askers, parts: fc.integer({ min: 1, max: 6 }) });
    let [refused, spentWhole] = [0, 0];
    fc.assert(
      fc.property(fc.array(asked, { minLength: 5, maxLength: 40 }), (list) => {
        const room = { charter: { populations: [person] }, spent: new Map() } as unknown as Room;
        for (const { asker: who, parts } of list) {
          const charge = { population: 'person', rho: `${parts}/64`.replace('2/64', '1/32'), delta: '0' };
          const loss = rational(BigInt(parts), 64n);
          const spelled = { ...charge, rho: `${loss.num}/${loss.den}` };
          const after = afterCharges(room, [spelled], who);
          // By other code: it fits where every account that names the asker still has so much.
          const fits = accountsOf(person, who).every(({ name, cap }) => {
            return compare(add(spentOf(room, name).loss, loss), lossOf(cap)) <= 0;
          });
          expect('exhausted' in after).toBe(!fits);
          if ('exhausted' in after) {
            refused += 1;
            continue;
          }
          for (const [name, balance] of after) room.spent.set(name, balance);
        }
        for (const { name, cap } of allAccounts(person, { members: [] })) {
          expect(compare(spentOf(room, name).loss, lossOf(cap))).toBeLessThanOrEqual(0);
        }
        for (const ref of ['m-1', 'm-2', 'm-3']) {
          const spent = spentOf(room, `person analyst/${ref}`).loss;
          expect(compare(spent, parseRational('1/8'))).toBeLessThanOrEqual(0);
          if (compare(spent, parseRational('1/8')) === 0) spentWhole += 1;
        }
      }),
      { numRuns: 200, seed: 8 },
    );
    expect(refused).toBeGreaterThan(500);
    expect(spentWhole).toBeGreaterThan(20);
  });

  test('names what was exhausted: the budget before its parts', () => {
    const room = { charter: { populations: [person] }, spent: new Map() } as unknown as Room;
    const asked = (rho: string) => afterCharges(room, [{ population: 'person', rho, delta: '0' }], asker);
    expect(asked('2')).toEqual({ exhausted: 'person' });
    expect(asked('5/8')).toEqual({ exhausted: 'person party/city' });
    expect(asked('3/16')).toEqual({ exhausted: 'person analyst/m-1' });
    expect(asked('1/8')).toBeInstanceOf(Map);
    room.spent.set('person', { loss: rational(31n, 32n), delta: zero });
    expect(asked('1/8')).toEqual({ exhausted: 'person' });
  });
});

describe('a charter', () => {
  test('may divide a budget', () => {
    expect(charterFaults({ ...withAllotments(allotments), datasets: [] })).toEqual([]);
  });

  test.each<[string, object, string]>([
    ['nobody’s party', { for: { party: 'moon' }, rho: '1', delta }, '0.for: no party "moon" in the charter'],
    ['nobody’s unit', { for: { unit: 'city/moon' }, rho: '1', delta }, '0.for: no unit "city/moon" in the charter'],
    ['a purpose there is not', { for: { purpose: 'war' }, rho: '1', delta }, '0.for: no purpose "war" in the charter'],
    ['more than there is', { for: { party: 'city' }, rho: '2', delta }, '0: more than the budget'],
    [
      'more δ than there is',
      { for: { party: 'city' }, rho: '1', delta: '1/10' },
      '0.delta: more than that of the budget',
    ],
    ['another accountant', { for: { party: 'city' }, epsilon: '1', delta }, '0: of another accountant than its budget'],
  ])('may not allot %s', (_name, allotment, fault) => {
    expect(charterFaults({ ...withAllotments([allotment]), datasets: [] })).toEqual([
      `populations.person.allotments.${fault}`,
    ]);
  });

  test('may not allot twice', () => {
    const twice = [allotments[0] ?? {}, { ...allotments[0], rho: '1/8' }];
    expect(charterFaults({ ...withAllotments(twice), datasets: [] })).toEqual([
      'populations.person.allotments.1.for: stands twice',
    ]);
  });
});

describe('a log', () => {
  test('in which an allotment suffices is written; a charge beyond it is not, and verifiers fold by the same rule', async () => {
    await expect(honestLog(withAllotments(allotments.slice(0, 1)))).resolves.toBeDefined();
    const tight = [{ for: { each: 'analyst' }, rho: '1/1000', delta }];
    await expect(honestLog(withAllotments(tight))).rejects.toThrow(/budget of "person analyst\/[^"]+" is overdrawn/);
  });
});
