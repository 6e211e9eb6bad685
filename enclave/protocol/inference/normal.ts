const seriesBelow = 2.5;
const fractionDepth = 80;

/**
 * P(N ≥ z)/φ(z) for z ≥ 0, N standard normal and φ its density (Mills' ratio), relative error at most 2e-13. Throws
 * `RangeError` for any other z. Proof: `normal.proof.md`.
 */
export function millsRatio(z: number): number {
  if (!(z >= 0)) throw new RangeError('normal: needs z ≥ 0');
  if (z < seriesBelow) {
    // Marsaglia 2004: Φ(z) − 1/2 = φ(z)·(z + z³/3 + z⁵/15 + …).
    let term = z;
    let sum = z;
    for (let odd = 3; term > 1e-17 * sum; odd += 2) {
      term *= (z * z) / odd;
      sum += term;
    }
    return Math.sqrt(Math.PI / 2) * Math.exp((z * z) / 2) - sum;
  }
  // Laplace's continued fraction z + 1/(z + 2/(z + 3/(z + …))), from its end.
  let denominator = z;
  for (let k = fractionDepth; k >= 1; k--) denominator = z + k / denominator;
  return 1 / denominator;
}

/** P(N ≥ z) for a standard normal N and any z: relative error at most 1e-12 where that is at least 1e-300. */
export function normalSurvival(z: number): number {
  if (z < 0) return 1 - normalSurvival(-z);
  return (millsRatio(z) * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI);
}
