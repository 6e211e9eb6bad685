import { capacityBytes, csvHeader, DatasetSchema, fieldOf, pseudonymPattern, rowBytesMax } from '@reinraum/protocol';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { csvOf, randomDataset } from '../support/random-dataset.ts';
import { residents } from '../support/small-room.ts';

const [district, age] = residents.columns;
if (district?.type !== 'code' || age?.type !== 'integer') throw new Error('the schema is another');
const columns = (...own: unknown[]) => ({ columns: own });

describe('a schema', () => {
  test('of the small room is one; nullable and step have defaults', () => {
    expect(DatasetSchema.parse(residents)).toEqual(residents);
    expect([district.nullable, age.nullable, age.step]).toEqual([false, false, 1]);
  });

  test('may say that a unit has many rows', () => {
    expect(DatasetSchema.parse({ ...residents, rowsPerUnit: 'many' })).toEqual({ ...residents, rowsPerUnit: 'many' });
  });

  test.each<[string, object, string]>([
    ['two rows a unit', { rowsPerUnit: 2 }, 'rowsPerUnit'],
    ['no rows a unit', { rowsPerUnit: 0 }, 'rowsPerUnit'],
    ['periods of many rows', { rowsPerUnit: 'many', period: 'district' }, 'rowsPerUnit'],
    ['no column', columns(), 'columns'],
    ['65 columns', columns(...Array.from({ length: 65 }, (_, n) => ({ ...age, name: `c${n}` }))), 'columns'],
    ['a column twice', columns(district, age, age), 'columns.2'],
    ['a column named as the unit', columns({ ...age, name: 'person_id' }), 'columns.0'],
    ['free text', columns({ ...district, type: 'text' }), 'columns.0.type'],
    ['a float', columns({ ...age, min: 0.5 }), 'columns.0.min'],
    ['bounds that are not safe', columns({ ...age, max: 2 ** 53 }), 'columns.0.max'],
    ['no bounds', columns({ ...age, max: undefined }), 'columns.0.max'],
    ['bounds the wrong way round', columns({ ...age, min: 5, max: 4 }), 'columns.0'],
    ['a grid that misses its end', columns({ ...age, min: 0, max: 10, step: 3 }), 'columns.0'],
    ['a step of nothing', columns({ ...age, step: 0 }), 'columns.0.step'],
    ['no codes', columns({ ...district, codes: [] }), 'columns.0.codes'],
    ['a code twice', columns({ ...district, codes: [...district.codes, ...district.codes] }), 'columns.0'],
    [
      'a code that needs quoting',
      columns({ ...district, codes: [{ code: 'a,b', de: 'x', en: 'x' }] }),
      'columns.0.codes.0.code',
    ],
    ['a name with a quote', columns({ ...age, name: 'a"b' }), 'columns.0.name'],
    ['a unit of a column that is a number', columns({ ...age, unit: 1 }), 'columns.0.unit'],
    ['an owner that is a party', { owner: 'city' }, 'owner'],
    ['a field nobody knows', { personal: true }, 'document'],
  ])('with %s is refused by the field', (_name, bend, field) => {
    const { error } = DatasetSchema.safeParse({ ...residents, ...bend });
    expect(error && fieldOf(error)).toBe(field);
  });
});

describe('canonical CSV', () => {
  test('starts with the unit, then the columns in the order of the schema', () => {
    expect(csvHeader(residents)).toBe('person_id,district,age,sex\n');
  });

  test('has rows of at most 36 characters, the widest of each column and the separators', () => {
    expect(rowBytesMax(residents)).toBe(36 + ',alpha'.length + ',120'.length + ',f'.length + 1);
    const below = DatasetSchema.parse({ ...residents, columns: [{ ...age, min: -1000, max: 10 }] });
    expect(rowBytesMax(below)).toBe(36 + ',-1000'.length + 1);
  });

  test('fits into the declared capacity, with a NUL to spare, however long its values are', () => {
    fc.assert(
      fc.property(randomDataset('d'), (dataset) => {
        const text = csvOf(dataset);
        expect(text.length).toBeLessThan(capacityBytes(dataset.schema, dataset.rows.length));
      }),
    );
    expect(capacityBytes(residents, 10)).toBe(csvHeader(residents).length + 10 * rowBytesMax(residents) + 1);
  });

  test.each([
    ['12345678-9abc-8def-8123-456789abcdef', true],
    ['12345678-9abc-8def-b123-456789abcdef', true],
    ['12345678-9abc-4def-8123-456789abcdef', false],
    ['12345678-9abc-8def-c123-456789abcdef', false],
    ['12345678-9ABC-8def-8123-456789abcdef', false],
    ['12345678-9abc-8def-8123-456789abcdef\n', false],
    ['123456789abc8def8123456789abcdef', false],
  ])('%j as a pseudonym: %s', (text, is) => {
    expect(pseudonymPattern.test(text)).toBe(is);
  });
});
