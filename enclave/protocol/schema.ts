/** Dataset schemas: what a steward promises about a dataset (docs/spec/policy.md §3). */
import { z } from 'zod';
import { Bilingual, Code, Slug, UnitPath } from './name.ts';

const columnsMax = 64;
const codesMax = 4096;

const CodeColumn = z.strictObject({
  name: Slug,
  title: Bilingual,
  type: z.literal('code'),
  nullable: z.boolean().default(false),
  codes: z.array(Code).min(1).max(codesMax),
});

const IntegerColumn = z.strictObject({
  name: Slug,
  title: Bilingual,
  type: z.literal('integer'),
  nullable: z.boolean().default(false),
  min: z.int(),
  max: z.int(),
  /** Values are multiples of `step` above `min`; the public grid sums are noised on. */
  step: z.int().positive().default(1),
  /** What one counts, for people: "year", "cent". */
  unit: z.string().min(1).max(32),
});

/** One column: a finite code list or a bounded grid of integers. There is no free text and no float. */
export const Column = z.discriminatedUnion('type', [CodeColumn, IntegerColumn]);
export type Column = z.infer<typeof Column>;

/** A dataset schema. `unit` names the pseudonym column; a `rowsPerUnit` of 1 is proved at admission. */
export const DatasetSchema = z
  .strictObject({
    apiVersion: z.literal('reinraum/v1'),
    kind: z.literal('DatasetSchema'),
    id: Slug,
    title: Bilingual,
    owner: UnitPath,
    population: Slug,
    unit: Slug,
    /**
     * One row per unit – and per period, where a column of periods is named –, proved at admission; or any number of rows, of
     * which every question says how many it uses (`contribution` in query.ts).
     */
    rowsPerUnit: z.literal([1, 'many']),
    /** A code column without missing values: a unit has at most one row in each of its codes. */
    period: Slug.nullable().default(null),
    columns: z.array(Column).min(1).max(columnsMax),
  })
  .superRefine((schema, context) => {
    const names = new Set<string>([schema.unit]);
    schema.columns.forEach((column, at) => {
      const path = ['columns', at];
      if (names.has(column.name)) context.addIssue({ code: 'custom', path, message: `name "${column.name}" twice` });
      names.add(column.name);
      if (column.type === 'code') {
        const codes = new Set(column.codes.map(({ code }) => code));
        if (codes.size < column.codes.length)
          context.addIssue({ code: 'custom', path, message: 'a code stands twice' });
      } else if (column.max < column.min || (column.max - column.min) % column.step !== 0) {
        context.addIssue({ code: 'custom', path, message: 'max must be min plus a multiple of step' });
      }
    });
    const period = schema.columns.find(({ name }) => name === schema.period);
    if (schema.period !== null && (period?.type !== 'code' || period.nullable)) {
      context.addIssue({ code: 'custom', path: ['period'], message: 'name a code column that is not nullable' });
    }
    if (schema.period !== null && schema.rowsPerUnit !== 1) {
      context.addIssue({ code: 'custom', path: ['rowsPerUnit'], message: 'one row a period, or many without periods' });
    }
  });
export type DatasetSchema = z.infer<typeof DatasetSchema>;

/** Longest canonical CSV row of a schema in bytes, with its line end; what capacity and padding are computed from. */
export function rowBytesMax(schema: DatasetSchema): number {
  const widths = schema.columns.map((column) =>
    column.type === 'code'
      ? Math.max(...column.codes.map(({ code }) => code.length))
      : Math.max(String(column.min).length, String(column.max).length),
  );
  return pseudonymChars + widths.reduce((total, width) => total + 1 + width, 0) + 1;
}

/** Bytes of the padded canonical CSV for a declared capacity in rows: header, rows, and at least one NUL. */
export function capacityBytes(schema: DatasetSchema, capacityRows: number): number {
  return csvHeader(schema).length + capacityRows * rowBytesMax(schema) + 1;
}

/** First line of the canonical CSV: the unit column, then the columns in schema order. */
export function csvHeader(schema: DatasetSchema): string {
  return `${[schema.unit, ...schema.columns.map(({ name }) => name)].join(',')}\n`;
}

/** A pseudonym travels as the text of a UUIDv8 (RFC 9562 §5.8). */
export const pseudonymChars = 36;
/** The one spelling of a pseudonym. */
export const pseudonymPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
