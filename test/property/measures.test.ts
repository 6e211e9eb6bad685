/** Every measure from exact tables to estimates: hidden below k and below the cut, and nothing of a hidden cell in what is said. */
import { createHash } from 'node:crypto';
import { type Estimate, estimatesOf, type Plan, parseRational, plan, Release } from '@reinraum/protocol';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { FairBits } from '../../enclave/privacy/bits.ts';
import { infer } from '../../enclave/privacy/infer.ts';
import { NoisePool } from '../../enclave/privacy/pool.ts';
import { addNoise, exactTables, keep } from '../../enclave/privacy/stages.ts';
import { randomDataset, randomQuery } from '../support/random-dataset.ts';
import { randomPanel } from '../support/random-rows.ts';

const delta = parseRational('1/100000000');

function frozenPool({ components, cells }: Plan, seed: number): NoisePool {
  let block = 0;
  const bits = new FairBits((bytes) => {
    for (let at = 0; at < bytes.length; at += 32, block++) {
      bytes.set(createHash('sha256').update(`${seed} ${block}`).digest(), at);
    }
  });
  const pool = new NoisePool(bits);
  for (const { mechanism, width } of components) pool.fill(mechanism, cells * width);
  return pool;
}

/** A and B of each cell: parts of W times its units. */
const twoSides = (cells: number, width: bigint) =>
  fc
    .array(fc.tuple(fc.bigInt({ min: 0n, max: 400n }), fc.bigInt({ min: 0n, max: 1000n })), {
      minLength: cells,
      maxLength: cells,
    })
    .map((list) =>
      list.flatMap(([units, share]) => {
        const over = (units * width * share) / 1000n;
        return [over, units * width - over];
      }),
    );

/** A plan of random measures with random tables that an engine could have given. */
const planned = fc
  .oneof(randomDataset('d'), randomPanel('d'))
  .chain(({ schema }) => randomQuery(schema).map((query) => plan(query, schema, {})))
  .filter(({ cells }) => cells <= 60)
  .chain((of) => {
    const tables = of.components.map(({ part, width, sensitivity }) => {
      if (part === 'twoSided') return twoSides(of.cells, sensitivity.lInfinity);
      const most = part === 'sum' || part === 'centred' ? 400n * sensitivity.lInfinity : 400n;
      const least = part === 'sum' || part === 'centred' ? -most : 0n;
      const length = of.cells * width;
      return fc.array(fc.bigInt({ min: least, max: most }), { minLength: length, maxLength: length });
    });
    return fc.record({ of: fc.constant(of), tables: fc.tuple(...tables), seed: fc.nat(1000) });
  });

const released = (of: Plan, tables: readonly (readonly bigint[])[], seed: number) => {
  const noised = addNoise(exactTables(of, tables), of, frozenPool(of, seed));
  return { noised, said: infer(keep(noised, of, delta), of) };
};

test('a measure is shown where every count it rests on is, and nowhere else', () => {
  const seen = { shown: 0, hidden: 0 };
  fc.assert(
    fc.property(planned, ({ of, tables, seed }) => {
      const { noised, said } = released(of, tables, seed);
      of.measures.forEach(({ fn, decider }, at) => {
        const cut = BigInt(said.measures[at]?.cut ?? 0);
        const { width, part, sensitivity } = of.components[decider] ?? { width: 1 };
        const isTwoSided = part === 'twoSided';
        // Two sides pass together, in steps of which W are a unit.
        const unit = isTwoSided ? (sensitivity?.lInfinity ?? 1n) : 1n;
        said.cells.forEach((cell, n) => {
          const places = noised.tables[decider]?.slice(n * width, (n + 1) * width) ?? [];
          const total = (of: 'exact' | 'noise') => places.reduce((sum, place) => sum + place[of], 0n);
          const counts = isTwoSided ? [{ exact: total('exact'), noise: total('noise') }] : places;
          const passes = counts.map(({ exact, noise }) => exact >= unit * BigInt(of.k) && exact + noise >= unit * cut);
          const estimates = estimatesOf(cell, at);
          const expected = fn === 'histogram' ? passes : estimates.map(() => passes.every(Boolean));
          expect(estimates.map((estimate) => estimate !== null)).toEqual(expected);
          for (const estimate of estimates) seen[estimate ? 'shown' : 'hidden'] += 1;
        });
      });
    }),
    { numRuns: 120, seed: 3 },
  );
  expect(seen.shown).toBeGreaterThan(1000);
  expect(seen.hidden).toBeGreaterThan(300);
});

test('what is said of a cell does not depend on the tables of any other, nor on what a hidden one holds', () => {
  fc.assert(
    fc.property(planned, fc.nat(), ({ of, tables, seed }, pick) => {
      const other = pick % of.cells;
      // The cell is emptied: it is hidden now, and everything else is said as before.
      const emptied = of.components.map(({ width }, component) =>
        (tables[component] ?? []).map((value, place) => (Math.floor(place / width) === other ? 0n : value)),
      );
      const [before, after] = [released(of, tables, seed).said, released(of, emptied, seed).said];
      expect(after.cells.filter((_, n) => n !== other)).toEqual(before.cells.filter((_, n) => n !== other));
      const all = after.measures.flatMap((_, at) => {
        const cell = after.cells[other];
        return cell ? [...estimatesOf(cell, at)] : [];
      });
      expect(all.every((estimate) => estimate === null)).toBe(true);
    }),
    { numRuns: 120, seed: 4 },
  );
});

test('estimates are integers in their ranges, shares lie in 0 … 1 and means within the clamp', () => {
  const inOrder = ({ low, value, high }: Estimate) => low <= value && value <= high;
  fc.assert(
    fc.property(planned, ({ of, tables, seed }) => {
      const { said } = released(of, tables, seed);
      Release.shape.cells.parse(said.cells);
      Release.shape.measures.parse(said.measures);
      of.measures.forEach(({ fn, input }, at) => {
        const shown = said.cells.flatMap((cell) => estimatesOf(cell, at)).filter((estimate) => estimate !== null);
        if (fn === 'rate' || fn === 'shares') {
          expect(shown.every(({ low, high }) => low >= 0 && high <= 10_000)).toBe(true);
        }
        if (fn === 'mean' && input.of === 'value') {
          const [l, u] = input.clamp;
          expect(shown.every(({ low, value, high }) => low >= 100 * l && high <= 100 * u && value >= 100 * l)).toBe(
            true,
          );
        }
        if ((fn === 'variance' || fn === 'stddev') && input.of === 'value') {
          const most = (input.clamp[1] - input.clamp[0]) / 2;
          const bound = Math.ceil(100 * (fn === 'variance' ? most ** 2 : most));
          expect(
            shown.every(({ low, value, high }) => 0 <= low && low <= high && value <= bound && high <= bound),
          ).toBe(true);
        }
        // A count near the cut may lie outside of its range: small cells are shown only when their noise was high.
        if (fn === 'sum') expect(shown.every(inOrder)).toBe(true);
      });
    }),
    { numRuns: 120, seed: 5 },
  );
});
