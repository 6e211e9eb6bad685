import { formatRational, type Rational, rational } from './rational.ts';

/**
 * Which integer noise is added, and how much of it. Variance and scale are in squared and plain units of the integer the
 * noise is added to (units, rows or grid steps).
 */
export type Mechanism =
  | { readonly kind: 'discreteGaussian'; readonly variance: Rational }
  | { readonly kind: 'discreteLaplace'; readonly scale: Rational };

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
