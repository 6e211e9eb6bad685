/**
 * Canonical CSV → encoded rows, with every cell held against the schema (docs/spec/policy.md §4). The steward's tool has
 * checked the same; here nothing is believed. Findings name row, column and rule, never a value.
 */
import { type Column, csvHeader, type DatasetSchema, pseudonymPattern } from '@reinraum/protocol';

/** What can be wrong with a row. */
export type FindingRule =
  | 'header'
  | 'encoding'
  | 'line-end'
  | 'fields'
  | 'pseudonym'
  | 'missing'
  | 'domain'
  | 'duplicate-unit'
  | 'capacity';

/** One finding: the first data row is row 1; `column` is null where the rule is about the whole row. */
export interface Finding {
  readonly row: number;
  readonly column: string | null;
  readonly rule: FindingRule;
}

/** A line beyond this is not read to its end; the longest row of the largest schema is shorter. */
const lineBytesMax = 1 << 16;
/** Findings that are kept; the rest is only counted. */
export const findingsMax = 100;

/** Reads one file. Push its pieces in order, then end it. */
export class Intake {
  /** The first {@link findingsMax} findings. */
  readonly findings: Finding[] = [];
  /** All findings. */
  total = 0;
  rows = 0;
  readonly #schema: DatasetSchema;
  readonly #encoders: readonly ((field: string) => string | undefined)[];
  readonly #capacityRows: number;
  #rest = '';
  #isHeaderRead = false;
  #isSkipping = false;

  constructor(schema: DatasetSchema, capacityRows: number) {
    this.#schema = schema;
    this.#capacityRows = capacityRows;
    this.#encoders = schema.columns.map(encoder);
  }

  /** Encoded rows "row,unit,c0,c1,…\n" completed by these bytes; rows with a finding are left out. */
  push(piece: Uint8Array): string {
    // Canonical CSV is ASCII: codes and pseudonyms are, and no byte above 0x7F passes the checks below.
    const lines = (this.#rest + Buffer.from(piece.buffer, piece.byteOffset, piece.length).toString('latin1')).split(
      '\n',
    );
    this.#rest = lines.pop() ?? '';
    if (this.#isSkipping) {
      if (lines.length === 0) this.#rest = '';
      else this.#isSkipping = lines.shift() === undefined;
    }
    let out = '';
    for (const line of lines) out += this.#line(line);
    if (this.#rest.length > lineBytesMax) {
      // No row is that long; what is left of the line is passed over, so that memory stays bounded.
      this.rows += 1;
      this.report(this.rows, null, 'fields');
      this.#rest = '';
      this.#isSkipping = true;
    }
    return out;
  }

  /** Ends the file: a last line without its end and a missing header are findings. */
  end(): void {
    if (!this.#isHeaderRead) this.report(0, null, 'header');
    if (this.#rest !== '') this.report(this.rows + 1, null, 'line-end');
  }

  report(row: number, column: string | null, rule: FindingRule): void {
    this.total += 1;
    if (this.findings.length < findingsMax) this.findings.push({ row, column, rule });
  }

  #line(line: string): string {
    if (!this.#isHeaderRead) {
      this.#isHeaderRead = true;
      if (`${line}\n` !== csvHeader(this.#schema)) this.report(0, null, 'header');
      return '';
    }
    this.rows += 1;
    if (this.rows > this.#capacityRows) {
      this.report(this.rows, null, 'capacity');
      return '';
    }
    const fields = line.split(',');
    if (fields.length !== this.#encoders.length + 1) {
      this.report(this.rows, null, 'fields');
      return '';
    }
    const unit = fields[0] ?? '';
    const before = this.total;
    if (!pseudonymPattern.test(unit)) this.report(this.rows, this.#schema.unit, 'pseudonym');
    let out = `${this.rows},${unit}`;
    for (let at = 0; at < this.#encoders.length; at++) {
      const encoded = this.#encoders[at]?.(fields[at + 1] ?? '');
      if (encoded === undefined) {
        this.report(this.rows, this.#schema.columns[at]?.name ?? null, fields[at + 1] === '' ? 'missing' : 'domain');
      }
      out += `,${encoded}`;
    }
    return this.total > before ? '' : `${out}\n`;
  }
}

/** Field → integer text, '' for a permitted missing value, undefined outside the domain. */
function encoder(column: Column): (field: string) => string | undefined {
  const missing = column.nullable ? '' : undefined;
  if (column.type === 'code') {
    const positions = new Map(column.codes.map(({ code }, at) => [code, String(at)]));
    return (field) => (field === '' ? missing : positions.get(field));
  }
  const { min, max, step } = column;
  return (field) => {
    if (field === '') return missing;
    // One spelling only: what does not print back as itself ("007", "1e3", "-0") is no integer here.
    const value = Number(field);
    const isInteger = Number.isSafeInteger(value) && String(value) === field;
    return isInteger && value >= min && value <= max && (value - min) % step === 0 ? field : undefined;
  };
}
