import {
  differenceInterval,
  distributionOf,
  type Mechanism,
  type Noisy,
  plainInterval,
  ratioInterval,
  rational,
} from '@reinraum/protocol';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const alpha = 0.05;
const gaussian = (num: bigint): Mechanism => ({ kind: 'discreteGaussian', variance: rational(num) });
const laplace = (num: bigint): Mechanism => ({ kind: 'discreteLaplace', scale: rational(num) });
const plain = (value: bigint | number, mechanism: Mechanism, terms = 1): Noisy => ({ value, mechanism, terms });
const shown = (value: number, mechanism: Mechanism, cut = 44): Noisy => ({
  ...plain(value, mechanism),
  shownFrom: { cut, k: 10 },
});

/** P(E − r·F ≥ z) and P(E − r·F ≤ z), summed over both. */
function tails(e: Mechanism, f: Mechanism, r: number, z: number, reach: number): { up: number; down: number } {
  const [over, under] = [distributionOf(e), distributionOf(f)];
  let [up, down] = [0, 0];
  for (let x = -reach; x <= reach; x++) {
    for (let y = -reach; y <= reach; y++) {
      const both = over.pmf(x) * under.pmf(y);
      if (x - r * y >= z) up += both;
      if (x - r * y <= z) down += both;
    }
  }
  return { up, down };
}

/** Fieller's interval for normal noise. */
function fieller(x: number, y: number, sdX: number, sdY: number): { low: number; high: number } {
  const squared = 1.959964 ** 2;
  const a = y * y - squared * sdY * sdY;
  const root = Math.sqrt((x * y) ** 2 - a * (x * x - squared * sdX * sdX));
  return { low: (x * y - root) / a, high: (x * y + root) / a };
}
const width = ({ low, high }: { low: number | bigint; high: number | bigint }) => Number(high) - Number(low);

describe('ratios', () => {
  for (const [mechanism, reach] of [
    [gaussian(8n), 24],
    [laplace(2n), 60],
  ] as const) {
    for (const [x, y] of [
      [120, 200],
      [-31, 57],
      [300, 40],
      [0, 90],
    ] as const) {
      test(`${mechanism.kind} ${x}/${y}: the definition, at and around both ends`, () => {
        const { low, high } = ratioInterval(plain(x, mechanism), plain(y, mechanism), alpha);
        const step = (high - low) / 500;
        const test = (r: number) => tails(mechanism, mechanism, r, x - r * y, reach);
        expect(test(low - step).up).toBeLessThan(alpha / 2);
        expect(test(low + step).up).toBeGreaterThanOrEqual(alpha / 2);
        expect(test(high + step).down).toBeLessThan(alpha / 2);
        expect(test(high - step).down).toBeGreaterThanOrEqual(alpha / 2);
      });
    }
  }

  test('far from the cut it is Fieller’s, but for steps of whole numbers and a hundredth of α for each range', () => {
    const wide = gaussian(10n ** 10n);
    for (const [x, y, sdX, sdY] of [
      [shown(100, gaussian(32n)), shown(500, gaussian(32n)), 5.657, 5.657],
      [shown(100, gaussian(32n)), shown(5_000, gaussian(32n)), 5.657, 5.657],
      [shown(5_000, gaussian(10_000n), 600), shown(5_100, gaussian(10_000n), 600), 100, 100],
      [plain(30_000_000, wide), shown(500, gaussian(32n)), 1e5, 5.657],
      [plain(-200_000, wide), shown(200, gaussian(32n)), 1e5, 5.657],
      [plain(30_000_000n, wide), plain(50_000_000n, wide), 1e5, 1e5],
      [plain(500, gaussian(32n)), plain(50_000_000n, wide), 5.657, 1e5],
    ] as const) {
      const ideal = fieller(Number(x.value), Number(y.value), sdX, sdY);
      const relative = width(ratioInterval(x, y, alpha)) / width(ideal);
      expect(relative).toBeGreaterThan(0.985);
      expect(relative).toBeLessThan(1.015);
    }
  });

  test('a numerator of the other sign gives the mirrored interval', () => {
    for (const [mechanism, y] of [
      [gaussian(8n), plain(90, gaussian(8n))],
      [laplace(10n ** 5n), shown(200, laplace(4n), 88)],
    ] as const) {
      const { low, high } = ratioInterval(plain(700_000, mechanism), y, alpha);
      const mirrored = ratioInterval(plain(-700_000, mechanism), y, alpha);
      expect(mirrored.low).toBeCloseTo(-high, 8);
      expect(mirrored.high).toBeCloseTo(-low, 8);
    }
  });

  test('near the cut the count may be as small as k, and the interval says so', () => {
    const { low, high } = ratioInterval(shown(46, gaussian(32n)), shown(46, gaussian(32n)), alpha);
    expect(low).toBeLessThan(10 / 46);
    expect(high).toBeGreaterThan(46 / 10);
    // Not so for the same values had they been shown whatever their noise.
    expect(width(ratioInterval(plain(46, gaussian(32n)), plain(46, gaussian(32n)), alpha))).toBeLessThan(1);
  });

  test('a denominator that may be 0 leaves both ends open, and a count that is shown is never 0', () => {
    expect(ratioInterval(plain(1_000, gaussian(100n)), plain(15, gaussian(100n)), alpha)).toEqual({
      low: Number.NEGATIVE_INFINITY,
      high: Number.POSITIVE_INFINITY,
    });
    expect(ratioInterval(plain(1_000, gaussian(100n)), plain(-15, gaussian(100n)), alpha).high).toBe(Infinity);
    const { low, high } = ratioInterval(plain(1_000, gaussian(100n)), shown(620, gaussian(10_000n), 600), alpha);
    expect(low).toBeGreaterThan(0);
    expect(high).toBeLessThanOrEqual(104);
  });

  test('limits never fall as x rises, and a smaller α never narrows', () => {
    let last = ratioInterval(plain(80, laplace(2n)), shown(60, laplace(2n), 46), alpha);
    for (let x = 81; x < 110; x++) {
      const next = ratioInterval(plain(x, laplace(2n)), shown(60, laplace(2n), 46), alpha);
      expect(next.low).toBeGreaterThanOrEqual(last.low - 1e-3);
      expect(next.high).toBeGreaterThanOrEqual(last.high - 1e-3);
      const wider = ratioInterval(plain(x, laplace(2n)), shown(60, laplace(2n), 46), alpha / 10);
      expect(wider.low <= next.low && next.high <= wider.high).toBe(true);
      last = next;
    }
  });

  test('many terms: as wide as one draw of the summed variance', () => {
    const many = ratioInterval(plain(30_000, gaussian(32n), 50), plain(50_000, gaussian(32n), 50), alpha);
    const one = ratioInterval(plain(30_000, gaussian(1_600n)), plain(50_000, gaussian(1_600n)), alpha);
    expect(width(many) / width(one)).toBeCloseTo(1, 4);
    const ideal = fieller(3e9, 5e9, 1e5 * Math.sqrt(200), 1e5 * Math.sqrt(200));
    const sums = ratioInterval(plain(3e9, laplace(100_000n), 100), plain(5e9, laplace(100_000n), 100), alpha);
    expect(width(sums) / width(ideal)).toBeGreaterThan(1);
    expect(width(sums) / width(ideal)).toBeLessThan(1.03);
  });

  test('next to no noise: next to no width', () => {
    const still: Mechanism = { kind: 'discreteLaplace', scale: rational(1n, 200n) };
    const { low, high } = ratioInterval(plain(30, still), plain(40, still), alpha);
    expect(low).toBeCloseTo(0.75, 6);
    expect(high).toBeCloseTo(0.75, 6);
  });
});

describe('whatever is released', () => {
  const mechanism = fc.constantFrom(gaussian(1n), gaussian(32n), gaussian(10n ** 6n), laplace(2n), laplace(10n ** 5n), {
    kind: 'discreteLaplace',
    scale: rational(1n, 50n),
  } as const);
  const size = fc.oneof(fc.integer({ min: -20, max: 100 }), fc.integer({ min: -(10 ** 12), max: 10 ** 12 }));
  const free = fc
    .tuple(size, mechanism, fc.constantFrom(1, 1, 3))
    .map(([value, noise, terms]) => plain(value, noise, terms));
  const rule = fc.constantFrom(
    [44, gaussian(32n)] as const,
    [46, laplace(2n)] as const,
    [600, gaussian(9_000n)] as const,
  );
  const letThrough = fc.tuple(fc.nat(2_000), rule).map(([above, [cut, noise]]) => shown(cut + above, noise, cut));

  test('ends are in order, hold the plain quotient and difference, and a shown denominator bounds both', () => {
    fc.assert(
      fc.property(fc.oneof(free, letThrough), fc.oneof(free, letThrough), (x, y) => {
        const ratio = ratioInterval(x, y, alpha);
        const difference = differenceInterval(x, y, alpha);
        expect(ratio.low <= ratio.high && difference.low <= difference.high).toBe(true);
        if (y.shownFrom) expect(Number.isFinite(ratio.low) && Number.isFinite(ratio.high)).toBe(true);
        if (x.shownFrom || y.shownFrom) return;
        const [over, under] = [Number(x.value), Number(y.value)];
        expect(difference.low <= over - under && over - under <= difference.high).toBe(true);
        if (under > 0) expect(ratio.low <= over / under && over / under <= ratio.high).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe('differences', () => {
  test('the definition, end by end', () => {
    for (const [mechanism, reach] of [
      [gaussian(8n), 24],
      [laplace(2n), 60],
    ] as const) {
      const { low, high } = differenceInterval(plain(70, mechanism), plain(95, mechanism), alpha);
      const test = (d: bigint) => tails(mechanism, mechanism, 1, 70 - 95 - Number(d), reach);
      expect(test(low).up).toBeGreaterThanOrEqual(alpha / 2);
      expect(test(low - 1n).up).toBeLessThan(alpha / 2);
      expect(test(high).down).toBeGreaterThanOrEqual(alpha / 2);
      expect(test(high + 1n).down).toBeLessThan(alpha / 2);
    }
  });

  test('counts far from and at the cut, and sums of money', () => {
    const far = differenceInterval(shown(500, gaussian(32n)), shown(300, gaussian(32n)), alpha);
    expect(far).toEqual({ low: 184n, high: 216n });
    const near = differenceInterval(shown(46, gaussian(32n)), shown(300, gaussian(32n)), alpha);
    expect(near.low).toBeLessThanOrEqual(10n - 300n);
    expect(near.high).toBeLessThan(46n - 300n + 20n);
    const money = differenceInterval(plain(10n ** 9n, gaussian(10n ** 12n)), plain(0, gaussian(10n ** 12n)), alpha);
    expect(width(money) / (2 * 1.959964 * Math.SQRT2 * 1e6)).toBeCloseTo(1, 2);
  });

  test('x − y is y − x the other way', () => {
    const [x, y] = [shown(50, laplace(2n), 46), plain(7_000, gaussian(10n ** 6n))];
    const one = differenceInterval(x, y, alpha);
    const other = differenceInterval(y, x, alpha);
    // Blocks of wide noise are cut on one side only.
    expect(Math.abs(Number(one.low + other.high))).toBeLessThanOrEqual(8);
    expect(Math.abs(Number(one.high + other.low))).toBeLessThanOrEqual(8);
  });
});

describe('a sum alone', () => {
  test('x ± the half-width of its noise', () => {
    expect(plainInterval(plain(1_000, laplace(1n)), alpha)).toEqual({ low: 997n, high: 1_003n });
    expect(plainInterval(plain(-5n, gaussian(100n)), alpha)).toEqual({ low: -25n, high: 15n });
    expect(plainInterval(plain(0, gaussian(10n ** 10n)), alpha)).toEqual({ low: -195_996n, high: 195_996n });
    const { low, high } = plainInterval(plain(0, gaussian(4n), 25), alpha);
    expect([low, high]).toEqual([-20n, 20n]);
  });

  test('what is no released number is refused', () => {
    expect(() => plainInterval(shown(50, gaussian(32n)), alpha)).toThrow(/CountIntervals/);
    for (const value of [0.5, Number.NaN, 2n ** 53n, Number.POSITIVE_INFINITY]) {
      expect(() => plainInterval(plain(value, gaussian(32n)), alpha)).toThrow(RangeError);
    }
    for (const wrong of [0, 1e-5, 1, Number.NaN]) {
      expect(() => plainInterval(plain(50, gaussian(32n)), wrong)).toThrow(RangeError);
      expect(() => ratioInterval(plain(50, gaussian(32n)), plain(50, gaussian(32n)), wrong)).toThrow(RangeError);
    }
    const fine = plain(50, gaussian(32n));
    for (const broken of [
      shown(43, gaussian(32n)),
      { ...shown(50, gaussian(32n)), terms: 2 },
      { ...fine, shownFrom: { cut: 9, k: 10 } },
      { ...fine, shownFrom: { cut: 9, k: 0 } },
      { ...fine, terms: 0 },
    ]) {
      expect(() => ratioInterval(broken, fine, alpha)).toThrow(RangeError);
      expect(() => differenceInterval(fine, broken, alpha)).toThrow(RangeError);
    }
  });
});
