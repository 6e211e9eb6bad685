/** Parquet of the steward: every codec and encoding, exact values or none, and files that lie. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatasetSchema, parseRational } from '@reinraum/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canonicalCsv, SchemaMisfit } from '../../src/steward/canonical-csv.ts';
import type { Scales } from '../../src/steward/parquet-column.ts';
import { parquetBatches } from '../../src/steward/parquet-file.ts';
import { parquetRecords } from '../../src/steward/parquet-records.ts';
import { type SourceRecord, sourceRecords } from '../../src/steward/records.ts';
import { SourceError } from '../../src/steward/source-error.ts';
import { writeParquet } from '../support/parquet.ts';
import { residents } from '../support/small-room.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reinraum-parquet-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const title = { de: 'x', en: 'x' };
const code = (codes: readonly string[]) => ({
  name: 'value',
  title,
  type: 'code' as const,
  nullable: true,
  codes: codes.map((each) => ({ code: each, de: each, en: each })),
});
const cents = { name: 'value', title, type: 'integer' as const, min: -1_000_000, max: 1_000_000, unit: 'cent' };

/** A schema of one column beside the identifier. */
function schemaOf(column: ReturnType<typeof code> | typeof cents): DatasetSchema {
  return DatasetSchema.parse({ ...residents, unit: 'id', columns: [column] });
}

let files = 0;
async function written(query: string, options = ''): Promise<string> {
  files += 1;
  const path = join(folder, `${files}.parquet`);
  await writeParquet(path, query, options);
  return path;
}

async function gathered<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

function read(path: string, schema: DatasetSchema, scales?: Scales): Promise<SourceRecord[]> {
  return gathered(sourceRecords(path, schema, scales));
}

/** The same without the process it is usually done in, for tests that read many files. */
async function decoded(path: string, schema: DatasetSchema, scales: Scales = new Map()): Promise<SourceRecord[]> {
  return (await gathered(parquetBatches(path, schema, scales))).flat();
}

/** Spellings of one column of one Parquet type. */
async function values(
  expressions: readonly string[],
  column: ReturnType<typeof code> | typeof cents,
  scale?: string,
): Promise<(string | null | undefined)[]> {
  const rows = expressions.map((expression, n) => `SELECT 'p${n}' AS id, ${expression} AS value`).join(' UNION ALL ');
  const scales: Scales = new Map(scale === undefined ? [] : [['value', parseRational(scale)]]);
  return (await decoded(await written(rows), schemaOf(column), scales)).map((record) => record.values[0]);
}

const people = `SELECT 'person-' || i AS person_id, CASE i % 3 WHEN 0 THEN 'alpha' WHEN 1 THEN 'beta' ELSE 'gamma' END AS district,
  (i % 120)::INTEGER AS age, CASE i % 5 WHEN 0 THEN NULL WHEN 1 THEN 'f' ELSE 'm' END AS sex FROM range(5000) r(i)`;
const expected = Array.from({ length: 5000 }, (_, i) => ({
  id: `person-${i}`,
  values: [['alpha', 'beta', 'gamma'][i % 3], String(i % 120), [null, 'f', 'm', 'm', 'm'][i % 5]],
}));

describe('a file is read as it was written', () => {
  test.each(['uncompressed', 'snappy', 'zstd', 'gzip', 'brotli', 'lz4', 'lz4_raw'])('with codec %s', async (codec) => {
    for (const version of ['V1', 'V2']) {
      const path = await written(people, `COMPRESSION ${codec}, PARQUET_VERSION ${version}, ROW_GROUP_SIZE 2048`);
      expect(await read(path, residents)).toEqual(expected);
    }
  });

  test('with and without dictionaries, in one row group and in many, whatever the order of the columns', async () => {
    for (const options of ['DICTIONARY_SIZE_LIMIT 1', 'ROW_GROUP_SIZE 100000', 'ROW_GROUP_SIZE 2048']) {
      const path = await written(`SELECT sex, age, person_id, district FROM (${people})`, options);
      expect(await read(path, residents)).toEqual(expected);
    }
  });

  test('with enumerations, and with no row at all', async () => {
    const path = await written(
      `SELECT person_id, district::ENUM('alpha', 'beta', 'gamma') AS district, age, sex FROM (${people})`,
    );
    expect(await read(path, residents)).toEqual(expected);
    expect(await read(await written(`${people} LIMIT 0`), residents)).toEqual([]);
  });
});

describe('a value is exact or it is not taken', () => {
  test('whole numbers of every width, signed and unsigned', async () => {
    for (const type of ['TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT']) {
      expect(await values([`(-7)::${type}`, `0::${type}`, `NULL::${type}`], cents)).toEqual(['-7', '0', null]);
      expect(await values([`7::U${type}`], cents)).toEqual(['7']);
    }
    expect(await values(['4294967295::UINTEGER'], cents)).toEqual(['4294967295']);
    expect(await values(['18446744073709551615::UBIGINT'], cents)).toEqual(['18446744073709551615']);
    expect(await values(['(-9223372036854775808)::BIGINT'], cents)).toEqual(['-9223372036854775808']);
    expect(await values(['(-12)::DECIMAL(9, 0)', '7::DECIMAL(9, 0)'], cents)).toEqual(['-12', '7']);
    expect(await values(['(-12)::DECIMAL(38, 0)'], cents)).toEqual(['-12']);
  });

  test('euros are not taken for cents', async () => {
    for (const type of ['DECIMAL(9, 2)', 'DECIMAL(38, 2)', 'DOUBLE', 'FLOAT']) {
      // Whole euros too: without a declared scale nobody could tell.
      await expect(values([`12::${type}`], cents)).rejects.toThrow(/column "value": .*whole "cent".*--scale value=100/);
      expect(await values([`12.34::${type}`, `(-0.5)::${type}`, `NULL::${type}`], cents, '100')).toEqual([
        '1234',
        '-50',
        null,
      ]);
    }
    expect(await values(['12::INTEGER'], cents, '100')).toEqual(['1200']);
    expect(await values(['34.0::DOUBLE'], cents, '1')).toEqual(['34']);
    expect(await values(['340::INTEGER'], cents, '1/10')).toEqual(['34']);
  });

  test('half a cent, a sum that floats have blurred, and what is no number are found in their rows', async () => {
    const blurred = ['12.345::DOUBLE', '0.1::DOUBLE + 0.2::DOUBLE', `'NaN'::DOUBLE`, `'inf'::DOUBLE`, '1::DOUBLE'];
    const rows = blurred.map((value, n) => `SELECT 'p${n}' AS id, ${value} AS value`).join(' UNION ALL ');
    const path = await written(rows);
    const schema = schemaOf(cents);
    const csv = canonicalCsv(schema, sourceRecords(path, schema, new Map([['value', parseRational('100')]])), String);
    const failed = await gathered(csv).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(SchemaMisfit);
    expect((failed as SchemaMisfit).misfits).toEqual(
      [1, 2, 3, 4].map((row) => ({ row, column: 'value', rule: 'not-an-integer' })),
    );
    expect((failed as SchemaMisfit).message).not.toMatch(/12\.345|0\.3/);
  });

  test('codes may be text, numbers, dates and booleans, in one spelling each', async () => {
    const codes = code(['9', '9.5', '2024-02-29', 'true', 'false', 'A']);
    expect(await values([`'A'`, 'NULL'], codes)).toEqual(['A', null]);
    expect(await values(['9::INTEGER'], codes)).toEqual(['9']);
    expect(await values(['9::DOUBLE', '9.5::DOUBLE'], codes)).toEqual(['9', '9.5']);
    expect(await values(['9.50::DECIMAL(9, 3)', '9::DECIMAL(9, 3)'], codes)).toEqual(['9.5', '9']);
    expect(await values([`DATE '2024-02-29'`, `DATE '1969-12-31'`], codes)).toEqual(['2024-02-29', '1969-12-31']);
    expect(await values(['true', 'false'], codes)).toEqual(['true', 'false']);
    await expect(values(['true'], code(['0', '1']))).rejects.toThrow(
      /column "value": BOOLEAN.*write the column as one/,
    );
  });

  test('identifiers are text, whole numbers or UUIDs, and keep their spelling', async () => {
    const schema = schemaOf(code(['A']));
    const ids = async (expression: string) =>
      (await decoded(await written(`SELECT ${expression} AS id, 'A' AS value`), schema)).map(({ id }) => id);
    expect(await ids(`'007 Ü'`)).toEqual(['007 Ü']);
    expect(await ids('7::BIGINT')).toEqual(['7']);
    const uuid = '0f8fad5b-d9cb-469f-a165-70867728950e';
    expect(await ids(`'${uuid}'::UUID`)).toEqual([uuid]);
    for (const expression of ['7::DOUBLE', 'true', `DATE '2024-01-01'`, '7::DECIMAL(9, 2)']) {
      await expect(ids(expression)).rejects.toThrow(/column "id": .* is no identifier/);
    }
  });

  test('types without an exact spelling are named with the fix', async () => {
    for (const expression of [`TIMESTAMP '2024-01-01'`, `TIME '12:00:00'`, `'x'::BLOB`, `INTERVAL 1 DAY`]) {
      await expect(values([expression], code(['A']))).rejects.toThrow(/column "value": .* cannot be read; write it as/);
    }
    await expect(values([`'7'`], cents)).rejects.toThrow(/column "value": .* is no number/);
    await expect(values([`'7'`], cents, '100')).rejects.toThrow(/is no number/);
    await expect(values(['[1, 2]'], code(['A']))).rejects.toThrow(/is nested/);
    await expect(values([`{'a': 1}`], code(['A']))).rejects.toThrow(/is nested/);
  });
});

describe('a file that lies is refused with a reason', () => {
  test('columns missing, too many, or scaled for nothing', async () => {
    const schema = schemaOf(cents);
    await expect(read(await written('SELECT 1 AS value'), schema)).rejects.toThrow(/column "id" is missing/);
    const more = await written(`SELECT 'p' AS id, 1 AS value, 'x' AS name`);
    await expect(read(more, schema)).rejects.toThrow(/has 3 columns, the schema has 2/);
    const scales = new Map([['id', parseRational('2')]]);
    await expect(read(more, schema, scales)).rejects.toThrow(/no integer column "id"/);
    const csv = join(folder, 'plain.csv');
    await writeFile(csv, 'id,value\np,1\n');
    await expect(read(csv, schema, new Map([['value', parseRational('2')]]))).rejects.toThrow(
      /--scale: is for Parquet/,
    );
    expect(await read(csv, schema)).toEqual([{ id: 'p', values: ['1'] }]);
  });

  test('wrong magic, encryption, spreadsheets', async () => {
    const path = join(folder, 'other');
    for (const [text, words] of [
      ['PAR1', /truncated/],
      ['PAR1 and no end', /truncated/],
      ['PAR1....PAR1', /truncated|damaged/],
      ['no beginning PAR1', /truncated/],
      ['PARE0000PARE', /encrypted/],
      ['PK\u0003\u0004', /Excel/],
      ['', /no header/],
    ] as const) {
      await writeFile(path, text);
      const failed = await read(path, residents).catch((error: unknown) => error);
      expect(failed, text).toBeInstanceOf(SourceError);
      expect((failed as Error).message, text).toMatch(words);
    }
  });

  test('cut anywhere, with the end put back on', async () => {
    const file = await readFile(await written(people, 'ROW_GROUP_SIZE 2048'));
    const path = join(folder, 'cut.parquet');
    const footer = file.subarray(file.length - 8 - file.readUInt32LE(file.length - 8));
    for (const share of [0, 0.1, 0.5, 0.9]) {
      const kept = Math.floor((file.length - footer.length) * share);
      await writeFile(path, Buffer.concat([file.subarray(0, Math.max(4, kept)), footer]));
      await expect(read(path, residents)).rejects.toThrow(SourceError);
      await writeFile(path, file.subarray(0, kept));
      await expect(read(path, residents)).rejects.toThrow(SourceError);
    }
  });

  test('row counts and sizes that are absurd cost nothing', async () => {
    const path = await written(`SELECT 'p' || i AS id, 1 AS value FROM range(70000) r(i)`, 'ROW_GROUP_SIZE 70000');
    const file = await readFile(path);
    // 70,000 rows as a zigzag varint: the file's own count, the group's, and those of chunks and pages.
    const count = Buffer.from([0xe0, 0xc5, 0x08]);
    const absurd = Buffer.from([0xff, 0xff, 0x7f]);
    const places: number[] = [];
    for (let at = file.indexOf(count); at !== -1; at = file.indexOf(count, at + 1)) places.push(at);
    expect(places.length).toBeGreaterThan(3);
    for (const at of places) {
      const bent = Buffer.from(file);
      absurd.copy(bent, at);
      await writeFile(path, bent);
      await expect(decoded(path, schemaOf(cents)), `byte ${at}`).rejects.toThrow(SourceError);
    }
  });

  test('what needs more memory or time than it is given ends the process that decodes, and nothing else', async () => {
    const path = await written(
      `SELECT 'p' || i AS id, i % 2 AS value FROM range(400000) r(i)`,
      'ROW_GROUP_SIZE 400000',
    );
    const limited = (limits: { heapMb: number; batchMs: number }) =>
      gathered(parquetRecords(path, schemaOf(cents), new Map(), limits));
    await expect(limited({ heapMb: 32, batchMs: 60_000 })).rejects.toThrow(/too much memory.*row groups of at most/);
    await expect(limited({ heapMb: 512, batchMs: 1 })).rejects.toThrow(/too long to decode/);
    expect(await limited({ heapMb: 512, batchMs: 60_000 })).toHaveLength(400_000);
  });

  test('one flipped byte anywhere ends in the same records, other records or a reason, and never in a crash', async () => {
    const file = await readFile(await written(`${people} LIMIT 300`, 'COMPRESSION zstd'));
    const path = join(folder, 'flipped.parquet');
    let refused = 0;
    for (let at = 4; at < file.length - 4; at += 17) {
      const bent = Buffer.from(file);
      bent[at] = (bent[at] ?? 0) ^ 0x5a;
      await writeFile(path, bent);
      const outcome = await decoded(path, residents).catch((error: unknown) => error);
      if (!Array.isArray(outcome)) {
        expect(outcome, `byte ${at}`).toBeInstanceOf(SourceError);
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(5);
  });
});
