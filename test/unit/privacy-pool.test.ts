import { randomFillSync } from 'node:crypto';
import { type Mechanism, mechanismKey, rational } from '@reinraum/protocol';
import { expect, test } from 'vitest';
import { FairBits } from '../../enclave/privacy/bits.ts';
import { discreteGaussian } from '../../enclave/privacy/discrete-gaussian.ts';
import { discreteLaplace } from '../../enclave/privacy/discrete-laplace.ts';
import { draw, samplerOf } from '../../enclave/privacy/mechanism.ts';
import { NoisePool, pooledDrawsMax } from '../../enclave/privacy/pool.ts';

const laplace: Mechanism = { kind: 'discreteLaplace', scale: rational(10n ** 12n) };
const gaussian: Mechanism = { kind: 'discreteGaussian', variance: rational(10n ** 24n) };
const pool = () => new NoisePool(new FairBits((bytes) => randomFillSync(bytes)));

test('a mechanism has one key, whatever the terms of its fraction', () => {
  const unreduced: Mechanism = { kind: 'discreteGaussian', variance: { num: 50n, den: 4n } };
  expect(mechanismKey(unreduced)).toBe('discreteGaussian 25/2');
  expect(mechanismKey({ kind: 'discreteLaplace', scale: rational(25n, 2n) })).toBe('discreteLaplace 25/2');
});

test('no noise is not a mechanism: zero or negative variance and scale are refused everywhere', () => {
  const bits = new FairBits((bytes) => randomFillSync(bytes));
  for (const none of [
    { num: 0n, den: 1n },
    { num: -1n, den: 1n },
    { num: 1n, den: 0n },
    { num: 1n, den: -1n },
  ]) {
    const mechanisms: Mechanism[] = [
      { kind: 'discreteLaplace', scale: none },
      { kind: 'discreteGaussian', variance: none },
    ];
    for (const mechanism of mechanisms) {
      expect(() => samplerOf(mechanism)).toThrow(RangeError);
      expect(() => draw(mechanism, bits)).toThrow(RangeError);
      expect(() => mechanismKey(mechanism)).toThrow(RangeError);
      expect(() => pool().fill(mechanism, 1)).toThrow(RangeError);
    }
    expect(() => discreteLaplace(bits, none)).toThrow(RangeError);
    expect(() => discreteGaussian(none)).toThrow(RangeError);
  }
});

test('next to no noise is still exact: a scale of 1/1000 draws zeros', () => {
  const tiny: Mechanism = { kind: 'discreteLaplace', scale: rational(1n, 1000n) };
  const bits = new FairBits((bytes) => randomFillSync(bytes));
  for (let i = 0; i < 1_000; i++) expect(draw(tiny, bits)).toBe(0n);
});

test('each draw leaves the pool once, in order, by mechanism', () => {
  const noise = pool();
  noise.fill(laplace, 300);
  noise.fill(gaussian, 100);
  noise.fill(laplace, 200);
  const taken = [...noise.take(laplace, 150), ...noise.take(laplace, 350)];
  // Draws this wide are distinct but for a chance of 1e-7, so a repeat would be one draw used twice.
  expect(new Set(taken).size).toBe(500);
  expect(noise.available(laplace)).toBe(0);
  expect(noise.available(gaussian)).toBe(100);
});

test('the pool holds what the sampler draws from the same bits', () => {
  const block = randomFillSync(new Uint8Array(65_536));
  const replayed = () => new FairBits((bytes) => bytes.set(block));
  const noise = new NoisePool(replayed());
  noise.fill(gaussian, 50);
  const bits = replayed();
  expect(noise.take(gaussian, 50)).toEqual(Array.from({ length: 50 }, () => draw(gaussian, bits)));
});

test('short: throws and takes nothing', () => {
  const noise = pool();
  expect(() => noise.take(laplace, 1)).toThrow('not enough');
  noise.fill(laplace, 5);
  expect(() => noise.take(laplace, 6)).toThrow('not enough');
  for (const count of [-1, 0.5, Number.NaN]) {
    expect(() => noise.take(laplace, count)).toThrow('not enough');
    expect(() => noise.fill(laplace, count)).toThrow(RangeError);
  }
  expect(noise.available(laplace)).toBe(5);
  expect(() => noise.fill(laplace, pooledDrawsMax - 4)).toThrow(RangeError);
});

test('a source that fails half-way leaves the pool as it was', () => {
  let calls = 0;
  const noise = new NoisePool(
    new FairBits((bytes) => {
      calls += 1;
      if (calls > 1) throw new Error('no entropy');
      randomFillSync(bytes);
    }),
  );
  noise.fill(laplace, 10);
  expect(() => noise.fill(laplace, 100_000)).toThrow('no entropy');
  expect(noise.available(laplace)).toBe(10);
});
