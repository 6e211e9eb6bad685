/** Numbers of a file as exact decimals: nothing here rounds. */
import type { Rational } from '@reinraum/protocol';

/** n · 10^−places. */
export interface Decimal {
  readonly n: bigint;
  readonly places: number;
}

/**
 * The decimal a 64-bit float stands for: its shortest spelling that reads back as the same float, which is what every
 * tool shows. `undefined` for what is no number.
 */
export function decimalOfDouble(value: number): Decimal | undefined {
  const [, sign, whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value)) ?? [];
  if (sign === undefined) return undefined;
  const n = BigInt(`${whole}${fraction}`) * (sign === '-' ? -1n : 1n);
  const places = fraction.length - Number(exponent);
  return places < 0 ? { n: n * 10n ** BigInt(-places), places: 0 } : { n, places };
}

/** The same for a 32-bit float, whose shortest spelling is another one than that of the equal 64-bit float. */
export function decimalOfFloat(value: number): Decimal | undefined {
  for (let digits = 1; digits <= 9; digits++) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return decimalOfDouble(shorter);
  }
  return decimalOfDouble(value);
}

/** value × factor as a whole number; `undefined` where it is none. */
export function wholeOf({ n, places }: Decimal, { num, den }: Rational): bigint | undefined {
  const divisor = 10n ** BigInt(places) * den;
  const product = n * num;
  return product % divisor === 0n ? product / divisor : undefined;
}

/** The shortest spelling: `-7`, `0.5`, `12`. */
export function spelled({ n, places }: Decimal): string {
  const digits = String(n < 0n ? -n : n).padStart(places + 1, '0');
  const whole = digits.slice(0, digits.length - places);
  const fraction = digits.slice(digits.length - places).replace(/0+$/, '');
  return `${n < 0n ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}
