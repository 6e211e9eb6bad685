/** Prints exact noise draws per second on this machine: `node test/bench/noise.ts`. */
import { randomFillSync } from 'node:crypto';
import { type Mechanism, mechanismKey, rational } from '@reinraum/protocol';
import { FairBits } from '../../enclave/privacy/bits.ts';
import { samplerOf } from '../../enclave/privacy/mechanism.ts';

const draws = 1_000_000;
const mechanisms: readonly Mechanism[] = [
  { kind: 'discreteLaplace', scale: rational(2n) },
  { kind: 'discreteLaplace', scale: rational(10n) },
  { kind: 'discreteLaplace', scale: rational(7n, 3n) },
  { kind: 'discreteGaussian', variance: rational(8n) },
  { kind: 'discreteGaussian', variance: rational(12_500n, 609n) },
  { kind: 'discreteGaussian', variance: rational(100n) },
  { kind: 'discreteGaussian', variance: rational(10n ** 12n) },
  { kind: 'discreteLaplace', scale: rational(2n ** 80n, 3n) },
];

const bits = new FairBits((bytes) => randomFillSync(bytes));
for (const mechanism of mechanisms) {
  const sample = samplerOf(mechanism);
  for (let i = 0; i < draws / 10; i++) sample(bits);
  const startMs = performance.now();
  let sum = 0n;
  for (let i = 0; i < draws; i++) sum += sample(bits);
  const perSecond = (draws / (performance.now() - startMs)) * 1000;
  process.stdout.write(
    `${mechanismKey(mechanism).padEnd(46)} ${(perSecond / 1e6).toFixed(2)} M draws/s (sum ${sum})\n`,
  );
}
