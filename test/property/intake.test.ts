/** Records through the steward's kit and the enclave's intake: what fits comes out encoded, what does not is found. */
import { concat, csvHeader, pseudonymPattern, rowBytesMax, utf8 } from '@reinraum/protocol';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Intake } from '../../enclave/vault/intake.ts';
import { canonicalCsv } from '../../src/steward/canonical-csv.ts';
import { pseudonymiser } from '../../src/steward/pseudonym.ts';
import { csvOf, type RandomDataset, randomDataset } from '../support/random-dataset.ts';

const pseudonym = pseudonymiser(new Uint8Array(32).fill(9), { room: 'r', population: 'person', owner: 'a/b' });
const dataset = randomDataset('d');
const cuts = fc.array(fc.nat(3000), { maxLength: 12 });

function* pieces(bytes: Uint8Array, places: readonly number[]): Generator<Uint8Array> {
  let from = 0;
  for (const to of [...places].sort((a, b) => a - b)) {
    yield bytes.subarray(from, to);
    from = Math.min(to, bytes.length);
  }
  yield bytes.subarray(from);
}

function taken({ schema, rows }: RandomDataset, bytes: Uint8Array, places: readonly number[] = []) {
  const intake = new Intake(schema, rows.length);
  const out = [...pieces(bytes, places)].map((piece) => intake.push(piece)).join('');
  intake.end();
  return { out, findings: intake.findings, total: intake.total };
}

/** The encoding again, from the definition: row number, pseudonym, position of a code or the integer itself. */
function encoded({ schema, rows }: RandomDataset, unit: (n: number) => string): string {
  const field = (value: string | number | null, at: number) => {
    const column = schema.columns[at];
    if (value === null || column?.type !== 'code') return `${value ?? ''}`;
    return `${column.codes.map(({ code }) => code).indexOf(String(value))}`;
  };
  return rows.map((row, n) => `${[n + 1, unit(n), ...row.map(field)].join(',')}\n`).join('');
}

test('records through canonicalCsv come out as exactly their encoded rows, wherever the file is cut', async () => {
  await fc.assert(
    fc.asyncProperty(dataset, cuts, async (given, places) => {
      const records = (async function* () {
        for (const [n, row] of given.rows.entries())
          yield { id: `id ${n}`, values: row.map((v) => (v === null ? null : String(v))) };
      })();
      const parts: Uint8Array[] = [];
      for await (const part of canonicalCsv(given.schema, records, pseudonym)) parts.push(part);
      const unit = (n: number) => pseudonym(`id ${n}`);
      expect(taken(given, concat(...parts), places)).toEqual({ out: encoded(given, unit), findings: [], total: 0 });
      expect(given.rows.every((_, n) => pseudonymPattern.test(unit(n)))).toBe(true);
      const lines = new TextDecoder()
        .decode(concat(...parts))
        .split('\n')
        .slice(1, -1);
      expect(lines.every((line) => line.length + 1 <= rowBytesMax(given.schema))).toBe(true);
    }),
    { numRuns: 150 },
  );
});

test('a changed field is found in its row and column, by a rule and without its value', () => {
  const marker = 'Musterfrau';
  const bad = fc.constantFrom(
    marker,
    '',
    ' ',
    '1.5',
    '-0',
    '00',
    '1e1',
    'A ',
    'null',
    '9007199254740993',
    '\u00e9',
    '"',
    '\r',
  );
  fc.assert(
    fc.property(dataset, fc.nat(), fc.nat(), bad, cuts, (given, rowPlace, columnPlace, wrong, places) => {
      fc.pre(given.rows.length > 0);
      const row = rowPlace % given.rows.length;
      const column = columnPlace % given.schema.columns.length;
      const of = given.schema.columns[column];
      fc.pre(!(wrong === '' && of?.nullable));
      const lines = csvOf(given).split('\n');
      const fields = (lines[row + 1] ?? '').split(',');
      fields[column + 1] = wrong;
      lines[row + 1] = fields.join(',');
      const { out, findings, total } = taken(given, utf8(lines.join('\n')), places);
      expect(findings).toEqual([{ row: row + 1, column: of?.name, rule: wrong === '' ? 'missing' : 'domain' }]);
      expect(total).toBe(1);
      expect(out.split('\n').some((line) => line.startsWith(`${row + 1},`))).toBe(false);
      expect(JSON.stringify(findings)).not.toContain(marker);
    }),
    { numRuns: 300 },
  );
});

test('a flipped byte is found, or says another permitted thing; it is never an error, and no finding holds a value', () => {
  let found = 0;
  fc.assert(
    fc.property(dataset, fc.nat(), fc.integer({ min: 1, max: 255 }), cuts, (given, place, flip, places) => {
      const bytes = utf8(csvOf(given));
      const before = taken(given, bytes).out;
      const at = place % bytes.length;
      bytes[at] = (bytes[at] ?? 0) ^ flip;
      const { out, findings, total } = taken(given, bytes, places);
      expect(total === 0).toBe(findings.length === 0);
      if (total === 0) expect(out).not.toBe(before);
      else found += 1;
      const columns = new Set([null, given.schema.unit, ...given.schema.columns.map(({ name }) => name)]);
      for (const finding of findings) {
        expect(Object.keys(finding)).toEqual(['row', 'column', 'rule']);
        expect(Number.isSafeInteger(finding.row) && columns.has(finding.column)).toBe(true);
      }
    }),
    { numRuns: 600, seed: 5 },
  );
  expect(found).toBeGreaterThan(300);
});

test('a truncated file is found, but at the end of a row', () => {
  fc.assert(
    fc.property(dataset, fc.nat(), (given, place) => {
      const text = csvOf(given);
      const end = place % text.length;
      const { total } = taken(given, utf8(text.slice(0, end)));
      const isWhole = end >= csvHeader(given.schema).length && text[end - 1] === '\n';
      expect(total === 0).toBe(isWhole);
    }),
    { numRuns: 300 },
  );
});
