import { type NoiseDistribution } from '@reinraum/protocol';

/** False-alarm rate of one statistical test; a file states how many it makes. */
export const alphaOfOneTest = 1e-6;

/** P(X ≥ statistic) for a chi-square variable: the upper regularized incomplete gamma function Q(dof/2, statistic/2). */
export function chiSquareTail(statistic: number, dof: number): number {
  const a = dof / 2;
  const x = statistic / 2;
  if (x <= 0) return 1;
  const front = Math.exp(-x + a * Math.log(x) - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let n = 1; term > sum * 1e-16; n++) {
      term *= x / (a + n);
      sum += term;
    }
    return 1 - front * sum;
  }
  // Lentz's continued fraction.
  let b = x + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let h = d;
  for (let i = 1; i < 10_000; i++) {
    const an = -i * (i - a);
    b += 2;
    d = 1 / (an * d + b);
    c = b + an / c;
    h *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return front * h;
}

/** P of Pearson's statistic; every expected count should be at least 200. */
export function chiSquareOf(observed: readonly number[], expected: readonly number[]): number {
  const statistic = observed.reduce((sum, count, at) => {
    const mean = expected[at] ?? Number.NaN;
    return sum + (count - mean) ** 2 / mean;
  }, 0);
  return chiSquareTail(statistic, observed.length - 1);
}

/** P of a chi-square test of integer draws against a distribution, one bin a value, tails merged to 200 expected. */
export function fitOf(draws: readonly bigint[], { pmf, survival }: NoiseDistribution): number {
  let edge = 0;
  while (survival(edge + 1) * draws.length >= 200) edge += 1;
  const observed = Array.from({ length: 2 * edge + 1 }, () => 0);
  for (const drawn of draws) {
    const at = Math.min(Math.max(Number(drawn), -edge), edge) + edge;
    observed[at] = (observed[at] ?? 0) + 1;
  }
  const expected = observed.map((_, at) => draws.length * (at % (2 * edge) === 0 ? survival(edge) : pmf(at - edge)));
  return chiSquareOf(observed, expected);
}

/** P of a two-sided test of `successes` in `trials` at probability p, by the normal approximation with continuity correction. */
export function proportionOf(successes: number, trials: number, p: number): number {
  const z = Math.max(0, Math.abs(successes - trials * p) - 0.5) / Math.sqrt(trials * p * (1 - p));
  return chiSquareTail(z * z, 1);
}

/** P of the Kolmogorov-Smirnov test (asymptotic, Stephens' correction) of draws against a continuous distribution. */
export function kolmogorovOf(draws: readonly number[], cdf: (x: number) => number): number {
  const sorted = draws.toSorted((a, b) => a - b);
  const n = sorted.length;
  let distance = 0;
  for (const [at, x] of sorted.entries()) {
    const at0 = cdf(x);
    distance = Math.max(distance, at0 - at / n, (at + 1) / n - at0);
  }
  const lambda = (Math.sqrt(n) + 0.12 + 0.11 / Math.sqrt(n)) * distance;
  let p = 0;
  for (let j = 1; j <= 100; j++) p += 2 * (-1) ** (j - 1) * Math.exp(-2 * j * j * lambda * lambda);
  return lambda < 0.2 ? 1 : Math.min(1, Math.max(0, p));
}

/** The standard normal distribution function (Marsaglia 2004), absolute error below 1e-14. */
export function normalCdf(x: number): number {
  if (Math.abs(x) > 8) return x > 0 ? 1 : 0;
  let term = x;
  let sum = x;
  for (let i = 3; Math.abs(term) > 1e-17 * Math.abs(sum); i += 2) {
    term *= (x * x) / i;
    sum += term;
  }
  return 0.5 + sum * Math.exp(-(x * x) / 2 - 0.5 * Math.log(2 * Math.PI));
}

/** ln Γ(a) for a > 0 by Stirling's series after shifting a above 20. */
function logGamma(a: number): number {
  let shifted = a;
  let correction = 0;
  for (; shifted < 20; shifted += 1) correction += Math.log(shifted);
  const inverse = 1 / (shifted * shifted);
  const series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse / 1680))) / shifted;
  return (shifted - 0.5) * Math.log(shifted) - shifted + 0.5 * Math.log(2 * Math.PI) + series - correction;
}
