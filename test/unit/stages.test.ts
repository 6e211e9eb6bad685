/** Exact → Noised → Kept: no stage can be skipped, nothing of a hidden cell comes out, and neighbours differ in one cell. */
import { createHash } from 'node:crypto';
import { AggregateQuery, type Estimate, type Plan, plan, rational } from '@reinraum/protocol';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FairBits } from '../../enclave/privacy/bits.ts';
import { infer } from '../../enclave/privacy/infer.ts';
import { NoisePool } from '../../enclave/privacy/pool.ts';
import { addNoise, type Exact, exactTables, type Kept, keep, type Noised } from '../../enclave/privacy/stages.ts';
import { cutOf, pairCutOf } from '../../enclave/privacy/threshold.ts';
import { countOf } from '../support/count-of.ts';
import { byDistrict, residents } from '../support/small-room.ts';

const delta = rational(1n, 100_000_000n);
const nine = plan(byDistrict, residents, { sex: 'f' });
const noise = nine.components[0]?.mechanism;
if (!noise) throw new Error('the plan has no noise');
const cut = cutOf(noise, 5n, delta);

/** The same bits every time: SHA-256 of a counter. */
function frozenBits(seed = 0): FairBits {
  let block = 0;
  return new FairBits((bytes) => {
    for (let at = 0; at < bytes.length; at += 32, block++)
      bytes.set(createHash('sha256').update(`${seed} ${block}`).digest(), at);
  });
}

function frozenPool(of: Plan, seed = 0, extra = 0): NoisePool {
  const pool = new NoisePool(frozenBits(seed));
  for (const { mechanism, width } of of.components) pool.fill(mechanism, of.cells * width + extra);
  return pool;
}

function released(counts: readonly bigint[], seed = 0): { key: string[]; count: Estimate | null }[] {
  const kept = keep(addNoise(exactTables(nine, [counts]), nine, frozenPool(nine, seed)), nine, delta);
  return infer(kept, nine).cells.map((cell) => ({ key: cell.key, count: countOf(cell) ?? null }));
}

const counts = fc.array(fc.bigInt({ min: 0n, max: 40n }), { minLength: nine.cells, maxLength: nine.cells });

describe('a stage that is skipped does not compile', () => {
  const plain = { tables: [[1n]] };
  const cells = { tables: [[{ exact: 1n, noise: 0n }]] };
  const values = { measures: [{ cells: [{ units: 1n, values: [1n] }], rule: { mechanism: noise, k: 5n, cut } }] };
  // Never called: the compiler is what is tested, and it fails on a directive that finds no error.
  const proofs = (exact: Exact, noised: Noised, kept: Kept, pool: NoisePool) => [
    // @ts-expect-error tables the engine did not hand to exactTables
    () => addNoise(plain, nine, pool),
    // @ts-expect-error noise the noise stage did not add
    () => keep(cells, nine, delta),
    // @ts-expect-error values the threshold did not pass
    () => infer(values, nine),
    // @ts-expect-error exact counts have no noise yet
    () => keep(exact, nine, delta),
    // @ts-expect-error exact counts are not to be released
    () => infer(exact, nine),
    // @ts-expect-error noised counts still hold what must stay hidden
    () => infer(noised, nine),
    // @ts-expect-error noise is added once
    () => addNoise(noised, nine, pool),
    // @ts-expect-error what is kept is not thresholded again
    () => keep(kept, nine, delta),
    // @ts-expect-error a list of counts is no stage
    () => infer([1n], nine),
    // @ts-expect-error nobody can write the brand: its symbol is not exported
    (): Kept => ({ ...values, kept: true }),
    // @ts-expect-error a count cannot be changed on the way
    () => exact.tables[0]?.push(1n),
  ];
  test('in any of eleven ways, which the type check of this file proves', () => {
    expect(proofs).toBeTypeOf('function');
  });
});

describe('exact tables', () => {
  test.each([0, 8, 10])('are one integer a place: %i are refused', (length) => {
    expect(() => exactTables(nine, [Array.from({ length }, () => 1n)])).toThrow(RangeError);
  });
});

describe('noise', () => {
  test('is a fresh draw for every cell, empty ones included', () => {
    const zero = exactTables(nine, [Array.from({ length: 9 }, () => 0n)]);
    const full = exactTables(nine, [Array.from({ length: 9 }, () => 50n)]);
    const pool = frozenPool(nine, 1, 9);
    const expected = frozenPool(nine, 1, 9).take(noise, 18);
    const cells = [...addNoise(zero, nine, pool).tables, ...addNoise(full, nine, pool).tables].flat();
    expect(cells.map(({ noise }) => noise)).toEqual(expected);
    expect(cells.slice(0, 9).some(({ noise }) => noise !== 0n)).toBe(true);
    expect(pool.available(noise)).toBe(0);
  });

  test('that runs short is an error, and no cell goes without', () => {
    const exact = exactTables(nine, [Array.from({ length: 9 }, () => 50n)]);
    const pool = frozenPool(nine, 1, -1);
    expect(() => addNoise(exact, nine, pool)).toThrow('not enough');
    expect(pool.available(noise)).toBe(8);
  });
});

describe('a release', () => {
  test('says nothing of a hidden cell but its key', () => {
    let hidden = 0;
    fc.assert(
      fc.property(counts, fc.nat(50), (exact, seed) => {
        const draws = frozenPool(nine, seed).take(noise, 9);
        for (const [at, cell] of released(exact, seed).entries()) {
          const units = exact[at] ?? 0n;
          const value = units + (draws[at] ?? 0n);
          if (cell.count !== null) {
            expect(units >= 5n && value >= cut).toBe(true);
            expect(cell.count.value).toBe(Number(value));
            expect(cell.count.low).toBeGreaterThanOrEqual(5);
            expect(cell.count.low <= cell.count.high).toBe(true);
          } else {
            hidden += 1;
            expect(units < 5n || value < cut).toBe(true);
          }
        }
      }),
      { seed: 11 },
    );
    expect(hidden).toBeGreaterThan(50);
  });

  test('rests on k units at least: one fewer is hidden however large its noise', () => {
    const units = [0n, 1n, 4n, 5n, 6n, 0n, 4n, 5n, 4n];
    const draws = units.map((_, at) => (at < 5 ? 1000n : cut - 5n));
    const pool = { take: () => draws } as unknown as NoisePool;
    const { cells } = infer(keep(addNoise(exactTables(nine, [units]), nine, pool), nine, delta), nine);
    expect(cells.map((cell) => countOf(cell)?.value ?? null)).toEqual([
      null,
      null,
      null,
      1005,
      1006,
      null,
      null,
      Number(cut),
      null,
    ]);
  });

  test('of two sides rests on k units at least, and on their sum reaching the cut', () => {
    const mean = plan(
      AggregateQuery.parse({
        ...byDistrict,
        measures: [{ as: 'years', fn: 'mean', column: 'r.age', clamp: [0, 50] }],
        privacy: { mechanism: 'discreteLaplace', epsilon: '1', k: 5 },
      }),
      residents,
      { sex: 'f' },
    );
    const [pair] = mean.components;
    if (!pair) throw new Error('the plan has no noise');
    const from = pairCutOf(pair.mechanism, 5n, delta, 50n);
    const units = [4n, 5n, 5n, 5n, 60n, 60n, 60n, 0n, 0n];
    const noise = [
      [9000n, 9000n],
      [50n * (from - 5n) - 30n, 30n],
      [50n * (from - 5n) - 30n, 29n],
      // The one side may fall as long as the other makes up for it.
      [50n * (from - 5n) + 100n, -100n],
      [0n, 0n],
      [50n * (from - 60n), 0n],
      [50n * (from - 60n), -1n],
      [0n, 50n * from],
      [0n, 0n],
    ].flat();
    const exact = units.flatMap((n) => [20n * n, 30n * n]);
    const pool = { take: () => noise } as unknown as NoisePool;
    const kept = keep(addNoise(exactTables(mean, [exact]), mean, pool), mean, delta);
    const values = kept.measures[0]?.cells.map((cell) => cell?.values);
    const shown = [1, 3, 4, 5];
    expect(values).toEqual(
      units.map((_, at) =>
        shown.includes(at)
          ? [0, 1].map((side) => (exact[2 * at + side] ?? 0n) + (noise[2 * at + side] ?? 0n))
          : undefined,
      ),
    );
    const said = infer(kept, mean);
    expect(said.measures[0]?.cut).toBe(Number(from));
    // 20 of 50 steps from 0.
    expect(said.cells[4]?.values[0]).toMatchObject({ value: 2000 });
  });

  test('of what is hidden for having few units, little above the cut or nobody looks the same', () => {
    const few = released([4n, 0n, 1n, 2n, 3n, 4n, 0n, 4n, 4n], 1);
    expect(few).toEqual(
      released(
        Array.from({ length: 9 }, () => 0n),
        1,
      ),
    );
    expect(few.every(({ count }) => count === null)).toBe(true);
  });

  test('names every cell of the public key set in row-major order', () => {
    const keys = released(Array.from({ length: 9 }, () => 70n)).map(({ key }) => key.join(' '));
    const bands = ['0-17', '18-64', '65+'];
    expect(keys).toEqual(['alpha', 'beta', 'gamma'].flatMap((district) => bands.map((band) => `${district} ${band}`)));
  });
});

describe('neighbours, with the noise frozen', () => {
  test('differ in the cell of the one unit, by one where it is shown in both, and nowhere else', () => {
    const outcomes = new Set<string>();
    fc.assert(
      fc.property(counts, fc.nat(8), fc.nat(200), (exact, at, seed) => {
        const neighbour = exact.map((count, cell) => (cell === at ? count + 1n : count));
        const [one, other] = [released(exact, seed), released(neighbour, seed)];
        expect(one.filter((_, cell) => cell !== at)).toEqual(other.filter((_, cell) => cell !== at));
        const [before, after] = [one[at]?.count, other[at]?.count];
        expect(one[at]?.key).toEqual(other[at]?.key);
        // A unit more never hides a cell, and what is shown rises by exactly that unit.
        if (before) expect(after?.value).toBe(before.value + 1);
        outcomes.add(`${before ? 'shown' : 'hidden'} ${after ? 'shown' : 'hidden'}`);
      }),
      { numRuns: 250, seed: 11 },
    );
    expect([...outcomes].sort()).toEqual(['hidden hidden', 'hidden shown', 'shown shown']);
  });

  test('take the same noise and as many bits, whatever the counts', () => {
    fc.assert(
      fc.property(counts, counts, (a, b) => {
        const left = [a, b].map((exact) => {
          const pool = frozenPool(nine, 3, 3);
          const { tables } = addNoise(exactTables(nine, [exact]), nine, pool);
          return { noise: tables.flat().map((place) => place.noise), rest: pool.take(noise, 3) };
        });
        expect(left[0]).toEqual(left[1]);
      }),
      { numRuns: 50 },
    );
  });
});
