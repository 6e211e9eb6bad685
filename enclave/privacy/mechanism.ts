import { type Mechanism, parameterOf, rational } from '@reinraum/protocol';
import type { FairBits } from './bits.ts';
import { discreteGaussian } from './discrete-gaussian.ts';
import { discreteLaplace } from './discrete-laplace.ts';

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
