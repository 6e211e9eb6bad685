/** Noise by name and amount: what is drawn inside the enclave, what an entry and a release say about it. */
import { z } from 'zod';
import { Fraction } from './name.ts';
import { formatRational, parseRational, type Rational, rational } from './rational.ts';

/**
 * Which integer noise is added, and how much of it. Variance and scale are in squared and plain units of the integer the
 * noise is added to (units, rows or grid steps).
 */
export type Mechanism =
  | { readonly kind: 'discreteGaussian'; readonly variance: Rational }
  | { readonly kind: 'discreteLaplace'; readonly scale: Rational };

/** A mechanism as it is written in entries and releases. */
export const Noise = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('discreteGaussian'), variance: Fraction }),
  z.strictObject({ kind: z.literal('discreteLaplace'), scale: Fraction }),
]);
export type Noise = z.infer<typeof Noise>;

/** The written form of a mechanism. */
export function noiseOf(mechanism: Mechanism): Noise {
  return mechanism.kind === 'discreteGaussian'
    ? { kind: mechanism.kind, variance: formatRational(mechanism.variance) }
    : { kind: mechanism.kind, scale: formatRational(mechanism.scale) };
}

/** The mechanism of a written form. */
export function mechanismOf(noise: Noise): Mechanism {
  return noise.kind === 'discreteGaussian'
    ? { kind: noise.kind, variance: parseRational(noise.variance) }
    : { kind: noise.kind, scale: parseRational(noise.scale) };
}

/** The one spelling of a mechanism, such as "discreteGaussian 25/2"; equal noise has equal keys. Throws as {@link parameterOf}. */
export function mechanismKey(mechanism: Mechanism): string {
  const { num, den } = parameterOf(mechanism);
  return `${mechanism.kind} ${formatRational(rational(num, den))}`;
}

/** The variance or scale of a mechanism. Throws `RangeError` unless it is positive. */
export function parameterOf(mechanism: Mechanism): Rational {
  const parameter = mechanism.kind === 'discreteGaussian' ? mechanism.variance : mechanism.scale;
  if (parameter.num <= 0n || parameter.den <= 0n) throw new RangeError('mechanism: its noise must be positive');
  return parameter;
}
