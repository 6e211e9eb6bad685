/**
 * The x with the least Σ(Ax − y)²: normal equations and Cholesky's factors. Undefined where the rows do not determine it.
 */
export function leastSquares(rows: readonly (readonly number[])[], y: readonly number[]): number[] | undefined {
  const size = rows[0]?.length ?? 0;
  const gram = Array.from({ length: size }, () => new Float64Array(size));
  const right = new Float64Array(size);
  for (const [at, row] of rows.entries()) {
    for (let i = 0; i < size; i++) {
      const own = row[i] ?? 0;
      if (own === 0) continue;
      right[i] = (right[i] ?? 0) + own * (y[at] ?? 0);
      const line = gram[i] ?? right;
      for (let j = 0; j <= i; j++) line[j] = (line[j] ?? 0) + own * (row[j] ?? 0);
    }
  }
  for (let i = 0; i < size; i++) {
    const line = gram[i] ?? right;
    for (let j = 0; j <= i; j++) {
      const other = gram[j] ?? right;
      let rest = line[j] ?? 0;
      for (let n = 0; n < j; n++) rest -= (line[n] ?? 0) * (other[n] ?? 0);
      if (i === j && rest <= 1e-9) return undefined;
      line[j] = i === j ? Math.sqrt(rest) : rest / (other[j] ?? 1);
    }
  }
  const x = Float64Array.from(right);
  for (let i = 0; i < size; i++) {
    for (let n = 0; n < i; n++) x[i] = (x[i] ?? 0) - (gram[i]?.[n] ?? 0) * (x[n] ?? 0);
    x[i] = (x[i] ?? 0) / (gram[i]?.[i] ?? 1);
  }
  for (let i = size - 1; i >= 0; i--) {
    for (let n = i + 1; n < size; n++) x[i] = (x[i] ?? 0) - (gram[n]?.[i] ?? 0) * (x[n] ?? 0);
    x[i] = (x[i] ?? 0) / (gram[i]?.[i] ?? 1);
  }
  return [...x];
}
