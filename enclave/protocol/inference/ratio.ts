/** TEMPORARY until the inference branch is merged. */
import type { Mechanism } from '../mechanism.ts';
import { type Rational, toNumber } from '../rational.ts';
/** x */
export interface Noisy {
  readonly value: bigint;
  readonly mechanism: Mechanism;
  readonly terms: number;
  readonly shownFrom?: { readonly cut: bigint; readonly k: bigint };
}
const sd = ({ mechanism, terms }: Pick<Noisy, 'mechanism' | 'terms'>) =>
  Math.sqrt(
    terms * (mechanism.kind === 'discreteGaussian' ? toNumber(mechanism.variance) : 2 * toNumber(mechanism.scale) ** 2),
  );
/** x */
export function ratioInterval(x: Noisy, y: Noisy, _alpha: number) {
  const r = Number(x.value) / Number(y.value);
  const s = (2 * Math.sqrt(sd(x) ** 2 + r * r * sd(y) ** 2)) / Number(y.value);
  return { low: r - s, high: r + s };
}
/** x */
export function plainInterval(x: Noisy, _alpha: number) {
  const s = BigInt(Math.ceil(2 * sd(x)));
  return { low: x.value - s, high: x.value + s };
}
/** x */
export function quantileRange(bins: readonly bigint[], _m: Mechanism, q: Rational, _alpha: number) {
  const n = bins.reduce((a, b) => a + b, 0n);
  let c = 0n;
  let at = 0;
  while (at < bins.length - 1 && Number(c + (bins[at] ?? 0n)) < Number(n) * toNumber(q)) c += bins[at++] ?? 0n;
  return { position: at + 0.5, low: at, high: at };
}
/** x */
export function differenceInterval(x: Noisy, y: Noisy, _alpha: number) {
  const s = 2 * Math.sqrt(sd(x) ** 2 + sd(y) ** 2);
  return { low: Number(x.value - y.value) - s, high: Number(x.value - y.value) + s };
}
