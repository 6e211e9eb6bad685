/** Random datasets whose units have several rows: one a period, or any number. */
import { DatasetSchema } from '@reinraum/protocol';
import * as fc from 'fast-check';
import { type RandomDataset, randomDataset } from './random-dataset.ts';

const title = { de: 'x', en: 'x' };

/** A dataset of this name with a column of periods: a unit has at most one row in each. */
export const randomPanel = (id: string): fc.Arbitrary<RandomDataset> =>
  randomDataset(id).chain(({ schema, rows }) => {
    const quarters = ['q1', 'q2', 'q3'];
    const period = {
      name: 'period',
      title,
      nullable: false,
      type: 'code' as const,
      codes: quarters.map((code) => ({ code, de: code, en: code })),
    };
    return fc
      .array(fc.subarray(quarters, { minLength: 1 }), { minLength: 1, maxLength: rows.length + 1 })
      .map((presences) => {
        const present = presences
          .flatMap((own, unit) => own.map((quarter) => ({ unit, quarter })))
          .slice(0, rows.length);
        return {
          schema: DatasetSchema.parse({ ...schema, columns: [...schema.columns, period], period: 'period' }),
          rows: present.map(({ quarter }, n) => [...(rows[n] ?? []), quarter]),
          units: present.map(({ unit }) => unit),
        };
      });
  });

/** A dataset of this name whose units have any number of rows, some of them the same. */
export const randomMany = (id: string): fc.Arbitrary<RandomDataset> =>
  randomDataset(id).chain(({ schema, rows }) =>
    fc
      .record({
        units: fc.array(fc.nat(Math.ceil(rows.length / 4)), { minLength: rows.length, maxLength: rows.length }),
        // A row is its own or that of an earlier place, so that units have twins of rows.
        places: fc.array(fc.nat(Math.ceil(rows.length / 8)), { minLength: rows.length, maxLength: rows.length }),
      })
      .map(({ units, places }) => ({
        schema: DatasetSchema.parse({ ...schema, rowsPerUnit: 'many' }),
        rows: rows.map((row, n) => (n % 2 === 0 ? row : (rows[places[n] ?? n] ?? row))),
        units,
      })),
  );
