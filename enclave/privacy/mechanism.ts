import { formatRational, type Rational, rational } from '@reinraum/protocol';
import type { FairBits } from './bits.ts';
import { discreteGaussian } from './discrete-gaussian.ts';
import { discreteLaplace } from './discrete-laplace.ts';

/**
 * Which integer noise is added, and how much of it. Variance and scale are in squared and plain units of the integer the
 * noise is added to (units, rows or grid steps).
 */
export type Mechanism =
  | { readonly kind: 'discreteGaussian'; readonly variance: Rational }
  | { readonly kind: 'discreteLaplace'; readonly scale: Rational };

/** The one spelling of a mechanism, such as "discreteGaussian 25/2"; equal noise has equal keys. */
export function mechanismKey(mechanism: Mechanism): string {
  const { num, den } = parameterOf(mechanism);
  return `${mechanism.kind} ${formatRational(rational(num, den))}`;
}

/** An exact sampler of the mechanism. Throws `RangeError` unless its variance or scale is positive. */
export function samplerOf(mechanism: Mechanism): (bits: FairBits) => bigint {
  const { num, den } = parameterOf(mechanism);
  const parameter = rational(num, den);
  if (mechanism.kind === 'discreteGaussian') return discreteGaussian(parameter);
  return (bits) => discreteLaplace(bits, parameter);
}

/** One exact draw. Throws as {@link samplerOf}, and where the random source fails. */
export function draw(mechanism: Mechanism, bits: FairBits): bigint {
  return samplerOf(mechanism)(bits);
}

/** The variance or scale of a mechanism. Throws `RangeError` unless it is positive. */
export function parameterOf(mechanism: Mechanism): Rational {
  const parameter = mechanism.kind === 'discreteGaussian' ? mechanism.variance : mechanism.scale;
  if (parameter.num <= 0n || parameter.den <= 0n) throw new RangeError('mechanism: its noise must be positive');
  return parameter;
}
