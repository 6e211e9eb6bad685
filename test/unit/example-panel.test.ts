/** The generator of panels: units that begin, end, keep what they are and change what they do, the same in every run. */
import { DatasetSchema } from '@reinraum/protocol';
import { expect, test } from 'vitest';
import { Source, type SourceOf } from '../../src/example/example-plan.ts';
import { panelRowsMax } from '../../src/example/source/panel.ts';
import { recordsOf } from '../../src/example/source.ts';
import { canonicalCsv, SchemaMisfit } from '../../src/steward/canonical-csv.ts';
import type { SourceRecord } from '../../src/steward/records.ts';
import { all } from '../support/example-source.ts';

const title = { de: 'T', en: 'T' };
const codeColumn = (name: string, codes: readonly string[]) => ({
  name,
  title,
  type: 'code',
  codes: codes.map((code) => ({ code, de: code, en: code })),
});
const schema = DatasetSchema.parse({
  apiVersion: 'reinraum/v1',
  kind: 'DatasetSchema',
  id: 'firms',
  title,
  owner: 'city/office',
  population: 'company',
  unit: 'id',
  rowsPerUnit: 1,
  period: 'quarter',
  columns: [
    codeColumn('quarter', ['q1', 'q2', 'q3', 'q4', 'q5', 'q6', 'q7', 'q8']),
    codeColumn('form', ['sole', 'corporation']),
    { name: 'employees', title, type: 'integer', min: 0, max: 1000, step: 5, unit: 'person' },
    codeColumn('insolvency', ['no', 'yes']),
    codeColumn('solvency', ['good', 'bad', '600']),
  ],
});
const plan = {
  kind: 'panel',
  seed: 'panel',
  units: 4000,
  begins: 100,
  ends: 0.02,
  columns: {
    form: { weights: { sole: 3, corporation: 1 } },
    employees: {
      drifting: {
        given: 'form',
        cases: [
          { when: ['sole'], draw: { bands: [[0, 10, 1]] } },
          { when: ['corporation'], draw: { bands: [[20, 900, 1]] } },
        ],
      },
      chance: 0.25,
      by: 0.1,
    },
    insolvency: { spell: { code: 'yes', otherwise: 'no', chance: 0.01, periods: 4 } },
    solvency: {
      redrawn: {
        given: 'insolvency',
        cases: [
          { when: ['yes'], draw: { weights: { '600': 1 } } },
          { when: ['no'], draw: { weights: { good: 9, bad: 1 } } },
        ],
      },
      chance: 0.05,
    },
  },
};
const source = Source.parse(plan) as SourceOf<'panel'>;
const rows = () => all(recordsOf(source, schema, undefined));

/** Rows by unit, in their order. */
function lives(records: readonly SourceRecord[]): SourceRecord[][] {
  const units = new Map<string, SourceRecord[]>();
  for (const record of records) units.set(record.id, [...(units.get(record.id) ?? []), record]);
  return [...units.values()];
}

test('a panel is the same in every run and another with another seed', async () => {
  expect(await rows()).toEqual(await rows());
  const other = await all(recordsOf({ ...source, seed: 'another' }, schema, undefined));
  expect(other.map(({ values }) => values)).not.toEqual((await rows()).map(({ values }) => values));
});

test('every unit has one row in each period of one stretch, and not more rows come than can', async () => {
  const records = await rows();
  const [quarter] = schema.columns;
  const order = quarter?.type === 'code' ? quarter.codes.map(({ code }) => code) : [];
  for (const life of lives(records)) {
    const at = life.map(({ values }) => order.indexOf(values[0] ?? ''));
    expect(at).toEqual(at.map((_, n) => (at[0] ?? 0) + n));
  }
  expect(lives(records)).toHaveLength(4000 + 7 * 100);
  expect(panelRowsMax(source, schema)).toBe(4000 * 8 + 100 * 28);
  expect(records.length).toBeLessThan(panelRowsMax(source, schema));
  // Two in a hundred end in each quarter: six standard deviations of those who saw the last one.
  const there = lives(records).filter((life) => life[0]?.values[0] === 'q1' && life.length === 8).length;
  expect(Math.abs(there - 4000 * 0.98 ** 7)).toBeLessThan(6 * Math.sqrt(4000 * 0.87 * 0.13));
});

test('what is drawn once stays, and what drifts moves by steps within its bounds', async () => {
  let moves = 0;
  let changes = 0;
  for (const life of lives(await rows())) {
    expect(new Set(life.map(({ values }) => values[1])).size).toBe(1);
    life.slice(1).forEach(({ values }, at) => {
      const before = Number(life[at]?.values[2]);
      const change = Math.abs(Number(values[2]) - before);
      expect(change % 5).toBe(0);
      expect(change).toBeLessThanOrEqual(Math.max(5, 0.1 * before + 2.5));
      moves += 1;
      changes += Number(change > 0);
    });
  }
  // A quarter moves; those at 0 that would go below stay.
  expect(changes / moves).toBeGreaterThan(0.2);
  expect(changes / moves).toBeLessThan(0.26);
});

test('a spell lasts its periods, and what is given to it changes with it', async () => {
  const records = await rows();
  for (const { values } of records) expect(values[4] === '600').toBe(values[3] === 'yes');
  for (const life of lives(records)) {
    const text = life.map(({ values }) => (values[3] === 'yes' ? 'y' : '-')).join('');
    // Whole spells in the middle of a life; two may follow each other.
    for (const [spell] of text.matchAll(/(?<=-)y+(?=-)/g)) expect(spell.length % 4).toBe(0);
  }
  const share = records.filter(({ values }) => values[3] === 'yes').length / records.length;
  expect(Math.abs(share - 0.04)).toBeLessThan(0.006);
});

test('a panel may be handed over, and a row twice in one period may not', async () => {
  const records = (await rows()).slice(0, 50);
  const csv = async (given: readonly SourceRecord[], of = schema) => {
    const iterable = (async function* () {
      yield* given;
    })();
    for await (const piece of canonicalCsv(of, iterable, (id) => id)) expect(piece.length).toBeGreaterThan(0);
  };
  await csv(records);
  const fault = await csv([...records, ...records.slice(0, 1)]).catch((error: unknown) => error);
  expect(fault).toBeInstanceOf(SchemaMisfit);
  expect(fault).toMatchObject({ misfits: [{ row: 51, column: 'id', rule: 'duplicate-unit' }] });
  // Where a unit may have many rows, none of them is one too many.
  await csv([...records, ...records.slice(0, 1)], { ...schema, period: null, rowsPerUnit: 'many' });
});

const { form, employees, insolvency, solvency } = plan.columns;
test.each([
  [{ quarter: { weights: { q1: 1 } } }, 'columns.quarter: is the column of periods, which a panel fills itself'],
  [{ form: undefined }, 'columns: add "form", which the schema has'],
  [{ form: { ...employees } }, 'columns.form.drifting: a column of codes cannot drift'],
  [{ insolvency: { spell: { ...insolvency.spell, code: 'maybe' } } }, 'columns.insolvency.spell: the code list has no'],
  [{ solvency: { ...solvency.redrawn } }, 'columns.solvency.given: changes along the periods; write redrawn'],
  [
    { solvency: { redrawn: { given: 'insolvency', cases: solvency.redrawn.cases.slice(1) }, chance: 0 } },
    'columns.solvency.redrawn.cases: none fits insolvency = yes',
  ],
  [{ form: { redrawn: { weights: { limited: 1 } }, chance: 0 } }, 'columns.form.redrawn.weights: the code list has no'],
])('a wrong panel is refused by name: %#', (change, message) => {
  const columns = Object.fromEntries(Object.entries({ ...plan.columns, form, ...change }).filter(([, value]) => value));
  const wrong = Source.parse({ ...plan, columns });
  expect(() => recordsOf(wrong, schema, undefined)).toThrow(message);
});

test('a panel needs a schema with periods', () => {
  const flat = DatasetSchema.parse({ ...schema, period: null });
  expect(() => recordsOf(source, flat, undefined)).toThrow('columns: add "quarter"');
  const columns = { ...source.columns, quarter: { weights: { q1: 1 } } };
  expect(() => recordsOf({ ...source, columns }, flat, undefined)).toThrow(
    'kind: a panel needs a schema with a column',
  );
});
