import {
  add,
  compare,
  divide,
  Fraction,
  formatRational,
  multiply,
  parseRational,
  rational,
  subtract,
  toNumber,
  zero,
} from '@reinraum/protocol';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const value = fc
  .tuple(fc.bigInt({ min: 0n, max: 10n ** 40n }), fc.bigInt({ min: 1n, max: 10n ** 40n }))
  .map(([n, d]) => rational(n, d));
const small = fc
  .tuple(fc.bigInt({ min: 0n, max: 60n }), fc.bigInt({ min: 1n, max: 60n }))
  .map(([n, d]) => rational(n, d));
const any = fc.oneof(value, small);

test('arithmetic is that of cross-multiplied integers', () => {
  fc.assert(
    fc.property(any, any, (a, b) => {
      const sum = add(a, b);
      expect(sum.num * a.den * b.den).toBe((a.num * b.den + b.num * a.den) * sum.den);
      const product = multiply(a, b);
      expect(product.num * a.den * b.den).toBe(a.num * b.num * product.den);
      expect(subtract(sum, b)).toEqual(a);
      expect(Math.sign(compare(a, b))).toBe(a.num * b.den < b.num * a.den ? -1 : a.num * b.den > b.num * a.den ? 1 : 0);
      if (b.num > 0n) expect(divide(product, b)).toEqual(a);
      else expect(() => divide(a, b)).toThrow(RangeError);
      if (compare(a, b) < 0) expect(() => subtract(a, b)).toThrow(RangeError);
    }),
    { numRuns: 1000 },
  );
});

test('a value has one spelling, in lowest terms, that comes back', () => {
  fc.assert(
    fc.property(any, fc.bigInt({ min: 1n, max: 1000n }), (a, factor) => {
      expect(rational(a.num * factor, a.den * factor)).toEqual(a);
      expect(parseRational(formatRational(a))).toEqual(a);
      expect(Fraction.safeParse(formatRational(a)).success).toBe(true);
      if (factor > 1n) {
        const other = `${a.num * factor}/${a.den * factor}`;
        expect(() => parseRational(other)).toThrow(RangeError);
        expect(Fraction.safeParse(other).success).toBe(false);
      }
    }),
  );
});

test('toNumber is within two units of the last place', () => {
  fc.assert(
    fc.property(
      fc.nat(2 ** 31),
      fc.integer({ min: 1, max: 2 ** 31 }),
      fc.bigInt({ min: 1n, max: 10n ** 25n }),
      (n, d, factor) => {
        const exact = n / d;
        expect(Math.abs(toNumber(rational(BigInt(n), BigInt(d))) - exact)).toBeLessThanOrEqual(exact * 2 ** -51);
        const huge = { num: BigInt(n) * factor, den: BigInt(d) * factor };
        expect(Math.abs(toNumber(huge) - exact)).toBeLessThanOrEqual(exact * 2 ** -51);
      },
    ),
  );
  const tiny = toNumber(rational(1n, 10n ** 300n));
  expect(Math.abs(tiny / 1e-300 - 1)).toBeLessThan(1e-15);
  expect(toNumber(rational(10n ** 400n))).toBe(Number.POSITIVE_INFINITY);
  expect(toNumber(rational(1n, 10n ** 400n))).toBe(0);
  expect(toNumber(zero)).toBe(0);
  const ratio = toNumber({ num: 3n * 7n ** 2000n, den: 2n * 7n ** 2000n + 1n });
  expect(Math.abs(ratio - 1.5)).toBeLessThan(1e-15);
});

describe('no rational is', () => {
  test.each([
    '',
    '-1',
    '+1',
    '01',
    '1/0',
    '1/01',
    '0/1',
    '0/5',
    '2/4',
    '3/1',
    '1.5',
    '1e3',
    ' 1',
    '1 ',
    '1/ 2',
    '1/2/3',
    '/2',
    '1/',
    '½',
    '0x1',
    '1\n',
    `1${'0'.repeat(60)}`,
    `1/1${'0'.repeat(60)}`,
  ])('%j', (text) => {
    expect(() => parseRational(text)).toThrow(RangeError);
    expect(Fraction.safeParse(text).success).toBe(false);
  });

  test('negative, or over zero or less', () => {
    for (const [num, den] of [
      [-1n, 1n],
      [1n, 0n],
      [1n, -1n],
      [0n, 0n],
    ] as const)
      expect(() => rational(num, den)).toThrow(RangeError);
    expect(zero).toEqual(rational(0n, 7n));
  });
});
