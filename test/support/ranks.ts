/** Which rows of a unit count, by the plainest reading of docs/spec/policy.md §4.6. */
import { createHmac } from 'node:crypto';
import type { RandomDataset } from './random-dataset.ts';

/** The secret that ranks rows in tests. */
export const rankKey = Uint8Array.from({ length: 32 }, (_, at) => 7 * at + 1);

/**
 * Place of each row among its unit's, by the plainest reading of docs/spec/policy.md §4.6: the occurrences of every row in the
 * order of the file, then a sort of their HMACs.
 */
export function ranksOf({ schema, rows, units }: RandomDataset, unit: (n: number) => string): number[] {
  const spelled = rows.map((row, n) => [
    unit(units?.[n] ?? n),
    ...row.map((value, at) => {
      const column = schema.columns[at];
      if (value === null || column?.type !== 'code') return value ?? '';
      return column.codes.findIndex(({ code }) => code === value);
    }),
  ]);
  const texts = spelled.map((fields) => fields.join(','));
  const hashes = texts.map((text, n) => {
    const occurrence = texts.slice(0, n + 1).filter((other) => other === text).length;
    return createHmac('sha256', rankKey).update(`${text},${occurrence}`).digest('hex');
  });
  return rows.map((_, n) => {
    const rivals = hashes.filter((_, m) => spelled[m]?.[0] === spelled[n]?.[0]);
    return 1 + rivals.filter((hash) => hash < (hashes[n] ?? '')).length;
  });
}
