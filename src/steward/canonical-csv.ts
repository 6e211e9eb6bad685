/** Records → canonical CSV, checked against the schema and pseudonymised on the way (docs/spec/policy.md §4.1). */
import { type Column, csvHeader, type DatasetSchema, utf8 } from '@reinraum/protocol';
import type { SourceRecord } from './records.ts';

/** A value that does not fit. Row 1 is the first after the header. */
export interface Misfit {
  readonly row: number;
  readonly column: string;
  readonly rule:
    | 'missing'
    | 'not-in-code-list'
    | 'not-an-integer'
    | 'out-of-range'
    | 'not-on-the-grid'
    | 'duplicate-unit';
}

/** What to do about each, for the steward. */
const fixes: Readonly<Record<Misfit['rule'], string>> = {
  missing: 'fill it in, or have the schema allow missing values',
  'not-in-code-list': 'write one of the codes of the schema, letter for letter',
  'not-an-integer': 'write a whole number in the unit of the schema, such as 7 or -3',
  'out-of-range': 'correct the value, or the range in the schema',
  'not-on-the-grid': 'write a multiple of the step of the schema, counted from its minimum',
  'duplicate-unit': 'keep one row for each identifier',
};

/** A dataset that was stopped on the steward's own machine. At most 100 misfits, and how many there are. */
export class SchemaMisfit extends Error {
  readonly misfits: readonly Misfit[];
  readonly total: number;

  constructor(misfits: readonly Misfit[], total: number) {
    const lines = misfits.map(({ row, column, rule }) => `  row ${row}, column "${column}": ${rule} – ${fixes[rule]}`);
    super(`${total} value(s) do not fit the schema; nothing was handed over\n${lines.join('\n')}`);
    this.name = 'SchemaMisfit';
    this.misfits = misfits;
    this.total = total;
  }
}

/** Bytes a piece is collected to before it is yielded. */
const pieceChars = 1 << 16;
const misfitsMax = 100;

/**
 * Yields canonical CSV: header, then one line a record. `written` is told the number of rows from time to time. Throws
 * {@link SchemaMisfit} once everything was read; nothing that was yielded may be used then.
 */
export async function* canonicalCsv(
  schema: DatasetSchema,
  records: AsyncIterable<SourceRecord>,
  pseudonym: (identifier: string) => string,
  written: (rows: number) => void = () => {},
): AsyncGenerator<Uint8Array> {
  const checks = schema.columns.map(checkOf);
  const units = new Set<string>();
  const period = schema.columns.findIndex(({ name }) => name === schema.period);
  const misfits: Misfit[] = [];
  let total = 0;
  let row = 0;
  const misfit = (column: string, rule: Misfit['rule']) => {
    total += 1;
    if (misfits.length < misfitsMax) misfits.push({ row, column, rule });
  };
  let text = csvHeader(schema);
  for await (const { id, values } of records) {
    row += 1;
    const unit = pseudonym(id);
    if (id === '') misfit(schema.unit, 'missing');
    else if (
      schema.rowsPerUnit === 1 &&
      units.size === units.add(period === -1 ? unit : `${unit} ${values[period]}`).size
    )
      misfit(schema.unit, 'duplicate-unit');
    text += unit;
    for (let at = 0; at < checks.length; at++) {
      const value = values[at] ?? null;
      const rule = checks[at]?.(value);
      if (rule) misfit(schema.columns[at]?.name ?? '', rule);
      text += `,${value ?? ''}`;
    }
    text += '\n';
    if (text.length < pieceChars) continue;
    yield utf8(text);
    text = '';
    written(row);
  }
  if (total > 0) throw new SchemaMisfit(misfits, total);
  yield utf8(text);
  written(row);
}

function checkOf(column: Column): (value: string | null) => Misfit['rule'] | undefined {
  const missing = column.nullable ? undefined : 'missing';
  if (column.type === 'code') {
    const codes = new Set(column.codes.map(({ code }) => code));
    return (value) => (value === null ? missing : codes.has(value) ? undefined : 'not-in-code-list');
  }
  return (value) => {
    if (value === null) return missing;
    const number = Number(value);
    if (!Number.isSafeInteger(number) || String(number) !== value) return 'not-an-integer';
    if (number < column.min || number > column.max) return 'out-of-range';
    return (number - column.min) % column.step === 0 ? undefined : 'not-on-the-grid';
  };
}
