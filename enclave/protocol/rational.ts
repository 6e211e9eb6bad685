/** An exact non-negative fraction in lowest terms. Budgets, prices and scales are rationals; nothing here rounds. */
export interface Rational {
  readonly num: bigint;
  readonly den: bigint;
}

/** The spelling of a rational in every wire object: "0", "3" or "1/200", in lowest terms. */
export const rationalPattern = /^(?:0|[1-9][0-9]{0,59})(?:\/[1-9][0-9]{0,59})?$/;

/** `num/den` in lowest terms. Throws `RangeError` if negative or the denominator is not positive. */
export function rational(num: bigint, den: bigint = 1n): Rational {
  if (den <= 0n || num < 0n) throw new RangeError('rational: needs num ≥ 0 and den > 0');
  let a = num;
  let b = den;
  while (b !== 0n) [a, b] = [b, a % b];
  return { num: num / a, den: den / a };
}

/** Parses {@link formatRational}; throws `RangeError` on any other spelling, such as "2/4" or "1.5". */
export function parseRational(text: string): Rational {
  if (!rationalPattern.test(text)) throw new RangeError('rational: write an integer or "p/q" in lowest terms');
  const [num = '', den = '1'] = text.split('/');
  const value = rational(BigInt(num), BigInt(den));
  if (formatRational(value) !== text) throw new RangeError('rational: not in lowest terms');
  return value;
}

/** The one spelling of a value. */
export function formatRational({ num, den }: Rational): string {
  return den === 1n ? `${num}` : `${num}/${den}`;
}

/** 0. */
export const zero: Rational = { num: 0n, den: 1n };

/** a + b. */
export function add(a: Rational, b: Rational): Rational {
  return rational(a.num * b.den + b.num * a.den, a.den * b.den);
}

/** a − b; throws `RangeError` where that would be negative. */
export function subtract(a: Rational, b: Rational): Rational {
  return rational(a.num * b.den - b.num * a.den, a.den * b.den);
}

/** a · b. */
export function multiply(a: Rational, b: Rational): Rational {
  return rational(a.num * b.num, a.den * b.den);
}

/** a / b; throws `RangeError` where b is zero. */
export function divide(a: Rational, b: Rational): Rational {
  return rational(a.num * b.den, a.den * b.num);
}

/** Negative, zero or positive as a is less than, equal to or greater than b. */
export function compare(a: Rational, b: Rational): number {
  const left = a.num * b.den;
  const right = b.num * a.den;
  return left < right ? -1 : left > right ? 1 : 0;
}

/** A double within two units of the last place, for display only; infinite or zero where there is none. */
export function toNumber({ num, den }: Rational): number {
  // 64 significant bits of the quotient; the power of two is taken in halves, as the whole may not be a double.
  const shift = den.toString(2).length - num.toString(2).length + 64;
  const quotient = shift >= 0 ? (num << BigInt(shift)) / den : num / (den << BigInt(-shift));
  const half = Math.trunc(shift / 2);
  return Number(quotient) / 2 ** half / 2 ** (shift - half);
}
