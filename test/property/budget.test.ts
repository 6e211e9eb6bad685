/**
 * Two balances in exact numbers: however questions interleave and fail, charges never add up to more than a budget, and
 * nothing is refused that would still have fitted. Under either accountant, with a population that covers another.
 */
import { afterCharges, type Room } from '@reinraum/audit';
import {
  type AccountantKind,
  AggregateQuery,
  type Charge,
  type Charter,
  type CharterTemplate,
  formatRational,
  type LogEntry,
  price,
  rational,
} from '@reinraum/protocol';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { approvedRoom, openDesk } from '../support/answer-desk.ts';
import { byDistrict, residents, template } from '../support/small-room.ts';

/** Every number here is a whole multiple of one part: sums are of integers, and by other code than the ledger's. */
const one = 240n * 10n ** 8n;

function partsOf(fraction: string): bigint {
  const [num = 0n, den = 1n] = fraction.split('/').map(BigInt);
  if ((num * one) % den !== 0n) throw new Error('budget: not a whole number of parts');
  return (num * one) / den;
}

const fractionOf = (parts: bigint) => formatRational(rational(parts, one));

/** Parts of loss and of δ, of a budget, a charge or a balance. */
type Pair = readonly [loss: bigint, delta: bigint];
type Losses = { readonly rho: string } | { readonly epsilon: string };

const spelled = (kind: AccountantKind, loss: string): Losses => (kind === 'zcdp' ? { rho: loss } : { epsilon: loss });
const pairOf = (of: Losses & { readonly delta: string }): Pair => [
  partsOf('rho' in of ? of.rho : of.epsilon),
  partsOf(of.delta),
];
const plus = ([a, b]: Pair, [c, d]: Pair): Pair => [a + c, b + d];
const fits = ([loss, delta]: Pair, [lossMax, deltaMax]: Pair) => loss <= lossMax && delta <= deltaMax;

interface Population {
  readonly budget: Pair;
  /** By how much a question about persons charges it. */
  readonly factor: string;
}

/** A charter whose population `person` covers the others. */
function charterOf(kind: AccountantKind, populations: readonly Population[]): CharterTemplate {
  const [person] = template().populations;
  if (!person) throw new Error('budget: no population');
  const ids = ['person', 'household', 'company'];
  const [, ...covers] = populations.map(({ factor }, at) => ({ population: ids[at] ?? '', lossFactor: factor }));
  const deltaPerDecision = '1/100000000';
  return {
    ...template(),
    populations: populations.map(({ budget: [loss, delta] }, at) => ({
      ...person,
      id: ids[at] ?? '',
      budget: { ...spelled(kind, fractionOf(loss)), delta: fractionOf(delta) },
      covers: at === 0 ? covers : [],
    })),
    accountant: kind === 'zcdp' ? { kind, deltaConversion: '1/1000000', deltaPerDecision } : { kind, deltaPerDecision },
  };
}

/** A count of persons at a loss; its one keep decision costs the δ of one. */
function countOf(kind: AccountantKind, loss: string, id = 'count'): AggregateQuery {
  const mechanism = kind === 'zcdp' ? 'discreteGaussian' : 'discreteLaplace';
  const privacy = { mechanism, ...spelled(kind, loss), k: 5 };
  return AggregateQuery.parse({ ...byDistrict, id, privacy, slotMs: 100 });
}

describe.each(['zcdp', 'pure'] as const)('under %s', (kind) => {
  const factors = ['1', '3/2', '2', '5/2', '4'];
  const loss = fc.bigInt(1n, 60n).map((n) => (n * one) / 240n);
  /** What a question costs a population, by definition. */
  const costOf = (own: bigint, factor: string): Pair => [
    (own * partsOf(factor)) / one,
    (partsOf('1/100000000') * partsOf(factor)) / one,
  ];

  /** Asks the questions one after another; which of them were charged, and the balances after each. */
  function charged(populations: readonly Population[], losses: readonly bigint[]) {
    const charter = charterOf(kind, populations) as Pick<Charter, 'populations' | 'accountant'>;
    const room = { charter, spent: new Map() } as unknown as Pick<Room, 'charter'> & { spent: Room['spent'] };
    return losses.map((own) => {
      const charges = price(countOf(kind, fractionOf(own)), residents, charter);
      const after = afterCharges(room as Room, charges, { ref: 'm', unit: 'city/planning', purpose: 'planning' });
      if ('exhausted' in after) return false;
      for (const [account, balance] of after) room.spent.set(account, balance);
      return true;
    });
  }

  test('a question is charged if and only if it fits into both balances of every population it is about', () => {
    const population = fc.record({
      budget: fc.tuple(
        fc.bigInt(1n, 300n).map((n) => (n * one) / 240n),
        fc.bigInt(1n, 60n).map((n) => n * partsOf('1/100000000')),
      ),
      factor: fc.constantFrom(...factors),
    });
    const seen = { charged: 0, loss: 0, delta: 0, covered: 0 };
    fc.assert(
      fc.property(
        fc.array(population, { minLength: 1, maxLength: 3 }),
        fc.array(loss, { minLength: 1, maxLength: 20 }),
        (drawn, losses) => {
          const populations = drawn.map((each, at) => ({ ...each, factor: at === 0 ? '1' : each.factor }));
          let spent = populations.map((): Pair => [0n, 0n]);
          const expected = losses.map((own) => {
            const next = populations.map(({ factor }, at) => plus(spent[at] ?? [0n, 0n], costOf(own, factor)));
            const full = populations.findIndex(({ budget }, at) => !fits(next[at] ?? [0n, 0n], budget));
            if (full === -1) {
              spent = next;
              seen.charged += 1;
              return true;
            }
            seen[(next[full]?.[0] ?? 0n) > (populations[full]?.budget[0] ?? 0n) ? 'loss' : 'delta'] += 1;
            if (full > 0) seen.covered += 1;
            return false;
          });
          expect(charged(populations, losses)).toEqual(expected);
        },
      ),
      { numRuns: 200, seed: 4 },
    );
    for (const often of Object.values(seen)) expect(often).toBeGreaterThan(50);
  });

  test('the last unit is spendable, and nothing after it; a budget one part smaller refuses the last question', () => {
    const delta = partsOf('1/100000000');
    fc.assert(
      fc.property(
        fc.array(loss, { minLength: 1, maxLength: 12 }),
        fc.constantFrom(...factors),
        fc.constantFrom('loss', 'delta'),
        (losses, factor, tight) => {
          const sum = losses.map((own) => costOf(own, factor)).reduce(plus, [0n, 0n]);
          const ample: Pair = [1000n * one, one / 10n];
          const exactly: Pair = tight === 'loss' ? [sum[0], ample[1]] : [ample[0], sum[1]];
          const populations = (budget: Pair) => [
            { budget: ample, factor: '1' },
            { budget, factor },
          ];
          const all = losses.map(() => true);
          expect(charged(populations(exactly), [...losses, one / 240n])).toEqual([...all, false]);
          const less: Pair = tight === 'loss' ? [sum[0] - 1n, ample[1]] : [ample[0], sum[1] - delta / 240n];
          expect(charged(populations(less), losses)).toEqual([...all.slice(1), false]);
        },
      ),
      { numRuns: 100, seed: 4 },
    );
  });

  test('under every interleaving of answers that are released, fail or are refused', async () => {
    // Six answers, or a loss of 7/12: either can come first.
    const populations = [
      { id: 'person', budget: [one, 6n * partsOf('1/100000000')], factor: '1' },
      { id: 'household', budget: [(35n * one) / 24n, one / 1000n], factor: '5/2' },
    ] as const;
    const losses = ['1/8', '1/12', '1/24', '1/3'];
    const questions = losses.map((each, at) => countOf(kind, each, `count-${at}`));
    const held = await approvedRoom(charterOf(kind, populations), questions);
    const asked = fc.array(fc.tuple(fc.nat(losses.length - 1), fc.constantFrom('f' as const, 'm' as const)), {
      minLength: 6,
      maxLength: 9,
    });
    const seen = new Map<string, number>();
    const saw = (word: string) => seen.set(word, 1 + (seen.get(word) ?? 0));
    await fc.assert(
      fc.asyncProperty(asked, fc.scheduler(), fc.infiniteStream(fc.nat(9)), async (asks, scheduler, dice) => {
        const fails = () => dice.next().value === 0;
        const desk = await openDesk(held, (name) => scheduler.schedule(Promise.resolve(), name), fails);
        try {
          const said = await scheduler.waitFor(Promise.all(asks.map(([question, sex]) => desk.ask(question, sex))));
          said.forEach(saw);
          // Afterwards what was released is repeated, and costs nothing.
          const [question = 0, sex = 'f'] = asks[said.indexOf('released')] ?? [];
          const again = said.includes('released') ? await scheduler.waitFor(desk.ask(question, sex)) : 'repeated';
          expect(again).toBe('repeated');
          const charges = (await desk.logged()).filter((entry) => entry.type === 'query.charged');
          expect(charges).toHaveLength(said.filter((word) => word === 'released' || word === 'failed').length);
          expect(outcomesOf(await desk.logged())).toBe(charges.length);
          const spent = sumsOf(charges.flatMap(({ detail }) => detail.charges));
          for (const { id, budget } of populations) {
            const sum = spent.get(id) ?? [0n, 0n];
            expect(fits(sum, budget)).toBe(true);
            if (sum[0] === budget[0]) saw('last loss');
            if (sum[1] === budget[1]) saw('last delta');
            const balance = desk.room.spent.get(id);
            if (balance) {
              const folded = { ...spelled(kind, formatRational(balance.loss)), delta: formatRational(balance.delta) };
              expect(sum).toEqual(pairOf(folded));
            }
          }
          // Balances only grow: what was refused for want of budget does not fit at the end either.
          asks.forEach(([question], at) => {
            if (said[at] !== 'budget-exhausted') return;
            const own = partsOf(losses[question] ?? '0');
            const isRoomLeft = populations.map(({ id, budget, factor }) =>
              fits(plus(spent.get(id) ?? [0n, 0n], costOf(own, factor)), budget),
            );
            expect(isRoomLeft).toContain(false);
            saw(isRoomLeft[0] ? 'full loss' : 'full delta');
          });
        } finally {
          await desk.close();
        }
      }),
      { numRuns: 25, seed: 4 },
    );
    for (const word of [
      'released',
      'failed',
      'budget-exhausted',
      'full loss',
      'full delta',
      'last loss',
      'last delta',
    ]) {
      expect(seen.get(word) ?? 0, word).toBeGreaterThan(0);
    }
  });
});

/** What charges add up to by population. */
function sumsOf(charges: readonly Charge[]): Map<string, Pair> {
  const sums = new Map<string, Pair>();
  for (const charge of charges) {
    sums.set(charge.population, plus(sums.get(charge.population) ?? [0n, 0n], pairOf(charge)));
  }
  return sums;
}

/** How many charges have a release or a failure; NaN where one has two. */
function outcomesOf(entries: readonly LogEntry[]): number {
  const outcomes = entries.filter(({ type }) => type === 'query.released' || type === 'query.failed');
  const causes = new Set(outcomes.map(({ caused }) => caused));
  return causes.size === outcomes.length ? causes.size : Number.NaN;
}
