/**
 * Allotments in exact numbers: whoever asks in whatever order, what is charged never adds up to more than any allotment it
 * counts against, its last part can be spent, and previews say how often. Under either accountant, with a covered population.
 */
import { afterCharges, type Room, spentOf } from '@reinraum/audit';
import {
  AggregateQuery,
  type Asker,
  type Charge,
  type CharterTemplate,
  charterFaults,
  formatRational,
  previewOf,
  price,
  rational,
} from '@reinraum/protocol';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { byDistrict, residents, template } from '../support/small-room.ts';

/** Every number is a whole multiple of one part of this size, so that sums are of integers. */
const one = 96n * 10n ** 8n;
/** The δ of a count's one keep decision. */
const decision = one / 10n ** 8n;
/** A question over persons charges households twice. */
const factor = 2n;

type Kind = 'zcdp' | 'pure';
type Cap = readonly [loss: bigint, delta: bigint];

/** An allotment of this test: to which charges it applies by its own predicate, beside how a charter spells it. */
interface Part {
  readonly of: Record<string, string>;
  readonly counts: (asker: Asker) => boolean;
}

const askers: readonly Asker[] = ['m-1', 'm-2', 'm-3'].flatMap((ref, at) =>
  ['planning', 'statistics'].map((purpose) => ({
    ref,
    unit: ['city/planning', 'city/statistics', 'bureau/data'][at] ?? '',
    purpose,
  })),
);

const parts: readonly Part[] = [
  { of: { party: 'city' }, counts: ({ ref }) => ref !== 'm-3' },
  { of: { party: 'bureau' }, counts: ({ ref }) => ref === 'm-3' },
  { of: { unit: 'city/statistics' }, counts: ({ ref }) => ref === 'm-2' },
  { of: { purpose: 'planning' }, counts: ({ purpose }) => purpose === 'planning' },
];

const fractionOf = (amount: bigint) => formatRational(rational(amount, one));
const spelled = (kind: Kind, [loss, delta]: Cap) => ({
  ...(kind === 'zcdp' ? { rho: fractionOf(loss) } : { epsilon: fractionOf(loss) }),
  delta: fractionOf(delta),
});

/** What is allotted of one population: caps of some of the parts, and one for each analyst. */
interface Allotted {
  readonly budget: Cap;
  readonly caps: readonly (Cap | null)[];
  readonly each: Cap | null;
}

function charterOf(kind: Kind, allotted: readonly Allotted[]): CharterTemplate {
  const [person] = template().populations;
  if (!person) throw new Error('allotments: no population');
  const least = (a: bigint, b: bigint) => (a < b ? a : b);
  const within = (cap: Cap, { budget }: Allotted): Cap => [least(cap[0], budget[0]), least(cap[1], budget[1])];
  const populations = allotted.map((own, at) => {
    const allotments = [
      ...parts.flatMap(({ of }, n) => {
        const cap = own.caps[n];
        return cap ? [{ for: of, ...spelled(kind, within(cap, own)) }] : [];
      }),
      ...(own.each ? [{ for: { each: 'analyst' as const }, ...spelled(kind, within(own.each, own)) }] : []),
    ];
    return {
      ...person,
      id: at === 0 ? 'person' : 'household',
      budget: spelled(kind, own.budget),
      covers: at === 0 ? [{ population: 'household', lossFactor: `${factor}` }] : [],
      ...(allotments.length > 0 ? { allotments } : {}),
    };
  });
  const deltaPerDecision = fractionOf(decision);
  return {
    ...template(),
    purposes: ['planning', 'statistics'].map((id) => ({ id, title: { de: id, en: id } })),
    populations: populations as CharterTemplate['populations'],
    accountant: kind === 'zcdp' ? { kind, deltaConversion: '1/1000000', deltaPerDecision } : { kind, deltaPerDecision },
  };
}

function countOf(kind: Kind, loss: bigint): AggregateQuery {
  const mechanism = kind === 'zcdp' ? 'discreteGaussian' : 'discreteLaplace';
  const amount = kind === 'zcdp' ? { rho: fractionOf(loss) } : { epsilon: fractionOf(loss) };
  const { params: _params, where: _where, ...bare } = byDistrict;
  return AggregateQuery.parse({ ...bare, privacy: { mechanism, ...amount, k: 5 } });
}

/** A room of which nothing is spent: all that the fold of charges looks at. */
function roomOf(charter: CharterTemplate): Pick<Room, 'charter'> & { spent: Room['spent'] } {
  return { charter, spent: new Map() } as unknown as Pick<Room, 'charter'> & { spent: Room['spent'] };
}

/** One who asked and was charged, with the loss for persons. */
interface Charged {
  readonly asker: Asker;
  readonly loss: bigint;
}

/** Loss and δ that charges add up to, on persons or on households. */
function sumOf(list: readonly Charged[], population: number): Cap {
  const times = population === 0 ? 1n : factor;
  return [list.reduce((sum, { loss }) => sum + times * loss, 0n), BigInt(list.length) * times * decision];
}

/** Every cap a list of charges must keep, by definition: of the budget, of each allotment, of each analyst. */
function capsOf(allotted: readonly Allotted[]) {
  return allotted.flatMap(({ budget, caps, each }, population) => [
    { population, cap: budget, kind: 'budget', counts: (): boolean => true },
    ...parts.flatMap(({ of, counts }, n) => {
      const cap = caps[n];
      return cap ? [{ population, cap, kind: Object.keys(of)[0] ?? '', counts }] : [];
    }),
    ...['m-1', 'm-2', 'm-3'].flatMap((ref) =>
      each ? [{ population, cap: each, kind: 'each', counts: (asker: Asker) => asker.ref === ref }] : [],
    ),
  ]);
}

const amount = (most: bigint) => fc.bigInt(1n, most).map((n) => (n * one) / 96n);
const cap = (most: bigint) =>
  fc.tuple(
    amount(most),
    fc.bigInt(1n, 24n).map((n) => n * decision),
  );
const allotted = fc.record({
  budget: fc.tuple(
    amount(288n),
    fc.bigInt(6n, 60n).map((n) => n * decision),
  ),
  caps: fc.tuple(...parts.map(() => fc.option(cap(144n)))),
  each: fc.option(cap(96n)),
});
const list = fc.array(fc.record({ asker: fc.constantFrom(...askers), loss: amount(24n) }), {
  minLength: 4,
  maxLength: 30,
});

describe.each(['zcdp', 'pure'] as const)('under %s', (kind) => {
  const chargesOf = (loss: bigint, charter: CharterTemplate): readonly Charge[] =>
    price(countOf(kind, loss), residents, charter);

  test('a run is charged if and only if it fits every cap it counts against; previews count how often it still does', () => {
    const seen = { budget: 0, party: 0, unit: 0, purpose: 0, each: 0, covered: 0, delta: 0, last: 0 };
    fc.assert(
      fc.property(fc.tuple(allotted, allotted), list, (drawn, asks) => {
        const charter = charterOf(kind, drawn);
        expect(charterFaults({ ...charter, datasets: [] })).toEqual([]);
        const room = roomOf(charter);
        const caps = capsOf(drawn);
        const charged: Charged[] = [];
        for (const ask of asks) {
          const over = caps.find(({ population, cap: [loss, delta], counts }) => {
            if (!counts(ask.asker)) return false;
            const [sum, sumDelta] = sumOf([...charged.filter(({ asker }) => counts(asker)), ask], population);
            if (sum <= loss && sumDelta > delta) seen.delta += 1;
            return sum > loss || sumDelta > delta;
          });
          const after = afterCharges(room as Room, chargesOf(ask.loss, charter), ask.asker);
          expect('exhausted' in after).toBe(over !== undefined);
          const left = previewOf(
            countOf(kind, ask.loss),
            residents,
            {},
            charter,
            (account) => spentOf(room as Room, account),
            300,
            ask.asker,
          ).runsLeft;
          expect(left > 0).toBe(over === undefined);
          if ('exhausted' in after) {
            seen[over?.kind as keyof typeof seen] += 1;
            if (over?.population === 1) seen.covered += 1;
          } else {
            for (const [account, balance] of after) room.spent.set(account, balance);
            charged.push(ask);
          }
        }
        for (const { population, cap: most, counts } of caps) {
          const [loss, delta] = sumOf(
            charged.filter(({ asker }) => counts(asker)),
            population,
          );
          expect(loss <= most[0] && delta <= most[1]).toBe(true);
          if (loss === most[0] || delta === most[1]) seen.last += 1;
        }
      }),
      { numRuns: 120, seed: 21 },
    );
    for (const [what, often] of Object.entries(seen)) expect(often, what).toBeGreaterThan(20);
  });

  test('the last part of an allotment can be spent, and nothing after it; one part less refuses the last question', () => {
    fc.assert(
      fc.property(
        list,
        fc.nat(parts.length),
        fc.nat(1),
        fc.constantFrom('loss', 'delta'),
        (asks, which, population, tight) => {
          // Of all that is asked only what counts against the one allotment: of the first analyst, where it is each one's.
          const counts = parts[which]?.counts ?? (({ ref }: Asker) => ref === 'm-1');
          const own = asks.filter(({ asker }) => counts(asker));
          fc.pre(own.length > 0);
          // Others ask in between; of each analyst's allotment a second one spends as much of its own.
          const second = (ask: Charged) => ({ ...ask, asker: { ...ask.asker, ref: 'm-2' } });
          const all = which < parts.length ? asks : own.flatMap((ask) => [ask, second(ask)]);
          const ample: Cap = [1000n * one, one / 10n];
          const sum = sumOf(own, population);
          const charter = (less: bigint) => {
            const most: Cap = tight === 'loss' ? [sum[0] - less, ample[1]] : [ample[0], sum[1] - less];
            const bare: Allotted = { budget: ample, caps: [], each: null };
            const caps = parts.map((_, n) => (n === which ? most : null));
            const divided = { budget: ample, caps, each: which === parts.length ? most : null };
            return charterOf(kind, [population === 0 ? divided : bare, population === 1 ? divided : bare]);
          };
          const outcomes = (from: CharterTemplate, of: readonly Charged[]) => {
            const room = roomOf(from);
            return of.map(({ asker, loss }) => {
              const after = afterCharges(room as Room, chargesOf(loss, from), asker);
              if ('exhausted' in after) return false;
              for (const [account, balance] of after) room.spent.set(account, balance);
              return true;
            });
          };
          const [again] = own;
          if (!again) throw new Error('allotments: nothing asked');
          expect(outcomes(charter(0n), [...all, again])).toEqual([...all.map(() => true), false]);
          expect(outcomes(charter(1n), own)).toEqual([...own.slice(1).map(() => true), false]);
        },
      ),
      { numRuns: 120, seed: 21 },
    );
  });
});
