/**
 * Σ_x values[x]·cos(2πux/N) for every u, N = `values.length` a power of two: the Fourier transform of a real sequence with
 * values[x] = values[N − x], which is its own inverse but for the factor N. Cooley and Tukey 1965, radix two. Error about
 * 1e-16·log₂N of the root of the summed squares. Throws `RangeError` for another length.
 */
export function realTransform(values: Float64Array): Float64Array {
  const length = values.length;
  const bits = Math.log2(length);
  if (!Number.isInteger(bits)) throw new RangeError('fourier: the length is no power of two');
  const real = new Float64Array(length);
  const imaginary = new Float64Array(length);
  for (let at = 0, mirrored = 0; at < length; at++) {
    real[mirrored] = values[at] ?? 0;
    // Counts up with the bits in reverse order.
    let bit = length >> 1;
    for (; (mirrored & bit) !== 0; bit >>= 1) mirrored ^= bit;
    mirrored |= bit;
  }
  const cosine = Float64Array.from({ length: length / 2 }, (_, at) => Math.cos((2 * Math.PI * at) / length));
  const sine = Float64Array.from({ length: length / 2 }, (_, at) => -Math.sin((2 * Math.PI * at) / length));
  for (let half = 1; half < length; half *= 2) {
    const stride = length / (2 * half);
    for (let start = 0; start < length; start += 2 * half) {
      for (let k = 0; k < half; k++) butterfly(start + k, start + k + half, k * stride);
    }
  }
  return real;

  function butterfly(a: number, b: number, turn: number): void {
    const c = cosine[turn] as number;
    const s = sine[turn] as number;
    const re = (real[b] as number) * c - (imaginary[b] as number) * s;
    const im = (real[b] as number) * s + (imaginary[b] as number) * c;
    real[b] = (real[a] as number) - re;
    imaginary[b] = (imaginary[a] as number) - im;
    real[a] = (real[a] as number) + re;
    imaginary[a] = (imaginary[a] as number) + im;
  }
}
