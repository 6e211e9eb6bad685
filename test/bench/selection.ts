/**
 * Choosing by permute-and-flip (McKenna and Sheldon 2020) against reading the choice off a histogram of the same price: the
 * most frequent classes, and a median. The reason for decision 0016; part of `npm run bench:accuracy`.
 */
import { type Mechanism, quantileRange, rational } from '@reinraum/protocol';
import type { FairBits } from '../../enclave/privacy/bits.ts';
import { samplerOf } from '../../enclave/privacy/mechanism.ts';
import { print } from './timed.ts';

/** The largest utility by permute-and-flip: P(accept) = e^(factor·(utility − largest)), in a fresh order. */
function permuteAndFlip(utilities: readonly number[], factor: number, bits: FairBits): number {
  const largest = Math.max(...utilities);
  const left = [...utilities.keys()];
  for (;;) {
    const at = bits.below(left.length);
    const chosen = left[at] ?? 0;
    if (bits.word() / 2 ** 32 < Math.exp(factor * ((utilities[chosen] ?? 0) - largest))) return chosen;
    left.splice(at, 1);
  }
}

/** Mean share of the `top` most frequent classes that are found, and the same for peeling. */
function topTable(title: string, noise: Mechanism, epsilonPerRound: number, bits: FairBits): void {
  const [top, runs] = [3, 2_000];
  const sample = samplerOf(noise);
  for (const classes of [10, 100, 1000]) {
    // Zipf: 10,000 units, each in one class.
    const harmonic = Array.from({ length: classes }, (_, n) => 1 / (n + 1)).reduce((sum, part) => sum + part, 0);
    const counts = Array.from({ length: classes }, (_, n) => Math.round(2_000 / harmonic / (n + 1)));
    let [read, peeled] = [0, 0];
    for (let run = 0; run < runs; run++) {
      const noised = counts.map((count, at) => ({ at, value: count + Number(sample(bits)) }));
      const best = noised.toSorted((a, b) => b.value - a.value).slice(0, top);
      read += best.filter(({ at }) => at < top).length;
      // Adding a unit never lowers a count, so that the factor is ε, not ε/2: the better of both for peeling.
      const left = new Map(counts.entries());
      for (let round = 0; round < top; round++) {
        const entries = [...left];
        const chosen = permuteAndFlip(
          entries.map(([, count]) => count),
          epsilonPerRound,
          bits,
        );
        const [found = -1] = entries[chosen] ?? [];
        left.delete(found);
        if (found < top) peeled += 1;
      }
    }
    const share = (hits: number) => `${((100 * hits) / (runs * top)).toFixed(1)} %`.padStart(8);
    print(`  ${title.padEnd(28)} ${`3 of ${classes} classes, 2,000 units`.padEnd(34)} ${share(read)} ${share(peeled)}`);
  }
}

/** Root mean squared distance in rank of a median on a grid of 200 values. */
function medianRow(title: string, noise: Mechanism, epsilon: number, bits: FairBits): void {
  const [grid, n, runs] = [200, 1_000, 4_000];
  const sample = samplerOf(noise);
  const counts = Array.from({ length: grid }, (_, at) => (at % 20 < 10 ? 8 : 2));
  const cumulative = counts.map((_, at) => counts.slice(0, at + 1).reduce((sum, count) => sum + count, 0));
  const distance = (at: number) => {
    const [below, upTo] = [cumulative[at - 1] ?? 0, cumulative[at] ?? 0];
    return Math.max(0, below - n / 2, n / 2 - upTo);
  };
  const utilities = counts.map((_, at) => -distance(at));
  let [read, chosen] = [0, 0];
  for (let run = 0; run < runs; run++) {
    const bins = counts.map((count) => BigInt(count) + sample(bits));
    read += distance(quantileRange(bins, noise, rational(1n, 2n), 0.05).bin) ** 2;
    // A unit moves the distance to the median's rank by at most a half.
    chosen += distance(permuteAndFlip(utilities, epsilon, bits)) ** 2;
  }
  const rmse = (squares: number) =>
    Math.sqrt(squares / runs)
      .toFixed(1)
      .padStart(8);
  print(`  ${title.padEnd(28)} ${'median of 1,000, 200 values: ranks off'.padEnd(34)} ${rmse(read)} ${rmse(chosen)}`);
}

/** Prints both comparisons under ρ and under pure ε. */
export function selectionTables(bits: FairBits): void {
  print('\nRead off a histogram of the same price, against permute-and-flip (top 3: share found, one round each)');
  print(`  ${'held fixed'.padEnd(28)} ${''.padEnd(34)} ${'read off'.padStart(8)} ${'chosen'.padStart(8)}`);
  for (const epsilon of [0.1, 0.5]) {
    const rho = Number((epsilon ** 2 / 2).toPrecision(6));
    const gaussian: Mechanism = { kind: 'discreteGaussian', variance: fraction(1 / (2 * rho)) };
    const laplace: Mechanism = { kind: 'discreteLaplace', scale: fraction(1 / epsilon) };
    topTable(`ρ = ${rho}`, gaussian, Math.sqrt((2 * rho) / 3), bits);
    topTable(`pure ε = ${epsilon}`, laplace, epsilon / 3, bits);
    medianRow(`ρ = ${rho}`, gaussian, epsilon, bits);
    medianRow(`pure ε = ${epsilon}`, laplace, epsilon, bits);
  }
}

function fraction(value: number) {
  return rational(BigInt(Math.ceil(value * 2 ** 20)), 2n ** 20n);
}
