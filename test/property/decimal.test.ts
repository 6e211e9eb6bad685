/** Numbers of a file as exact decimals: the shortest spelling reads back as the same number, and scales never round. */
import { rational } from '@reinraum/protocol';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Decimal, decimalOfDouble, decimalOfFloat, spelled, wholeOf } from '../../src/steward/decimal.ts';

const spelling = (decimal: Decimal | undefined) => (decimal ? spelled(decimal) : undefined);

test('a float is spelled so that it reads back as itself, without an exponent', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const text = spelling(decimalOfDouble(value)) ?? '';
      expect(text).toMatch(/^-?(0|[1-9]\d*)(\.\d*[1-9])?$/);
      expect(Number(text)).toBe(value + 0);
    }),
  );
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(Math.fround(Number(spelling(decimalOfFloat(value))))).toBe(value + 0);
    }),
  );
});

test('a 32-bit float is spelled as its writer saw it', () => {
  const written = fc.tuple(fc.integer({ min: -99_999, max: 99_999 }), fc.integer({ min: 0, max: 4 }));
  fc.assert(
    fc.property(written, ([n, places]) => {
      const value = n / 10 ** places;
      expect(Number(spelling(decimalOfFloat(Math.fround(value))))).toBe(value + 0);
    }),
  );
});

test('what is no number has no spelling', () => {
  for (const value of [Number.NaN, Infinity, -Infinity]) {
    expect([decimalOfDouble(value), decimalOfFloat(value)]).toEqual([undefined, undefined]);
  }
  expect([0, -0, 1e21, -1e-7, 0.1].map((value) => spelling(decimalOfDouble(value)))).toEqual([
    '0',
    '0',
    '1000000000000000000000',
    '-0.0000001',
    '0.1',
  ]);
});

test('times a scale it is a whole number exactly where the fraction is one', () => {
  const decimals = fc.record({ n: fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), places: fc.nat(12) });
  const scales = fc.tuple(fc.bigInt({ min: 1n, max: 10n ** 9n }), fc.bigInt({ min: 1n, max: 10n ** 9n }));
  fc.assert(
    fc.property(decimals, scales, (decimal, [num, den]) => {
      const scale = rational(num, den);
      const whole = wholeOf(decimal, scale);
      const [left, right] = [decimal.n * num, 10n ** BigInt(decimal.places) * den];
      if (whole === undefined) expect(left % right).not.toBe(0n);
      else expect(whole * right).toBe(left);
    }),
  );
  fc.assert(
    fc.property(decimals, (decimal) => {
      // Any decimal is whole once its places are scaled away.
      expect(wholeOf(decimal, rational(10n ** BigInt(decimal.places)))).toBe(decimal.n);
    }),
  );
});
