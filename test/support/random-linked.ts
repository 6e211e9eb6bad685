/** Random questions on linked datasets, and what the answer is by going through units one after another. */
import { AggregateQuery, DatasetSchema } from '@reinraum/protocol';
import * as fc from 'fast-check';
import {
  counted,
  domain,
  holds,
  type RandomDataset,
  type ReferenceMeasure,
  randomDataset,
  randomQuery,
  unitOf,
  type Value,
} from './random-dataset.ts';
import { randomMany, randomPanel } from './random-rows.ts';
import { ranksOf } from './ranks.ts';

/** Datasets of one domain of pseudonyms: one to ask, and one or two with at most one row of a unit, or one a period. */
export interface Linked {
  readonly from: RandomDataset;
  readonly joined: readonly RandomDataset[];
}

/** The dataset with its units shuffled among twice as many numbers, so that some are here, some there and some on both sides. */
const scattered = (of: fc.Arbitrary<RandomDataset>): fc.Arbitrary<RandomDataset> =>
  of.chain((dataset) => {
    const numbers = [...new Set(dataset.rows.map((_, n) => dataset.units?.[n] ?? n))];
    const among = Array.from({ length: Math.max(1, Math.ceil(1.5 * numbers.length)) }, (_, n) => n);
    return fc.shuffledSubarray(among, { minLength: numbers.length, maxLength: numbers.length }).map((own) => ({
      ...dataset,
      units: dataset.rows.map((_, n) => own[numbers.indexOf(dataset.units?.[n] ?? n)] ?? 0),
    }));
  });

const places = ['north', 'south', 'west'];

/** With a first column both sides of an overlap can be counted by; what it says of a unit differs from side to side. */
const placed = (of: fc.Arbitrary<RandomDataset>): fc.Arbitrary<RandomDataset> =>
  of.chain((dataset) => {
    const codes = places.map((code) => ({ code, de: code, en: code }));
    const column = { name: 'place', title, nullable: true, type: 'code' as const, codes };
    const size = dataset.rows.length;
    return fc.array(fc.constantFrom(...places, null), { minLength: size, maxLength: size }).map((own) => ({
      ...dataset,
      schema: DatasetSchema.parse({ ...dataset.schema, columns: [column, ...dataset.schema.columns] }),
      rows: dataset.rows.map((row, n) => [own[n] ?? null, ...row]),
    }));
  });

/** Linked datasets of these names. */
export const randomLinked = (id: string): fc.Arbitrary<Linked> => {
  const [a, b, c] = [`${id}-a`, `${id}-b`, `${id}-c`];
  return fc.record({
    from: placed(scattered(fc.oneof(randomDataset(a), randomPanel(a), randomMany(a)))),
    joined: fc
      .tuple(
        placed(scattered(fc.oneof(randomDataset(b), randomPanel(b)))),
        fc.option(scattered(randomDataset(c)), { nil: undefined }),
      )
      .map(([one, other]) => (other ? [one, other] : [one])),
  });
};

const aliases = ['a', 'b', 'c'];

/** A question on all of them: a question on the linked rows as if they were one dataset, with its columns renamed. */
export const randomLinkedQuery = (of: Linked): fc.Arbitrary<AggregateQuery> =>
  randomQuery(mergedSchema(of)).map((query) => {
    const text = JSON.stringify(query).replaceAll(/"r\.([abc])--/g, (_, alias) => `"${alias}.`);
    const joins = of.joined.map((dataset, at) => ({
      dataset: dataset.schema.id,
      as: aliases[at + 1],
      ...onePeriod(dataset, aliases[at + 1] ?? ''),
    }));
    return AggregateQuery.parse({
      ...(JSON.parse(text) as object),
      from: { dataset: of.from.schema.id, as: 'a' },
      joins,
    });
  });

/** Which units are in the asked dataset, in the first joined one, or in both, by place. */
export const randomOverlap = (of: Linked): fc.Arbitrary<AggregateQuery> => {
  const [other] = of.joined;
  if (!other) throw new TypeError('random linked: no sides');
  const where = (dataset: RandomDataset, alias: string) =>
    fc
      .constantFrom(...dataset.schema.columns)
      .chain((column) =>
        fc.constantFrom(...domain(column)).map((value) => ({ ne: [`${alias}.${column.name}`, value] })),
      );
  return fc
    .record({
      own: fc.option(where(of.from, 'a'), { nil: undefined }),
      their: fc.option(where(other, 'b'), { nil: undefined }),
      keys: fc.shuffledSubarray(places, { minLength: 1 }),
    })
    .map(({ own, their, keys }) => {
      const all = (list: readonly (object | undefined)[]) => {
        const parts = list.filter((part) => part !== undefined);
        return parts.length > 0 ? { where: { all: parts } } : {};
      };
      return AggregateQuery.parse({
        ...head,
        from: { dataset: of.from.schema.id, as: 'a' },
        joins: [{ dataset: other.schema.id, as: 'b', ...all([their, onePeriod(other, 'b').where]) }],
        ...all([own, onePeriod(of.from, 'a').where]),
        ...(of.from.schema.rowsPerUnit === 1 ? {} : { contribution: { maxRows: 1 } }),
        groupBy: [{ column: 'a.place', otherwise: 'b.place', keys, as: 'g' }],
        measures: [{ as: 'sides', fn: 'overlap' }],
      });
    });
};

const title = { de: 'x', en: 'x' };
const head = {
  apiVersion: 'reinraum/v1',
  kind: 'AggregateQuery',
  id: 'q',
  title,
  sentence: title,
  purpose: 'p',
  legalBasis: 'x',
  recipients: ['a/b'],
  expires: '2030-01-01',
  population: 'person',
  privacy: { mechanism: 'discreteGaussian', rho: '1/8', k: 5 },
  slotMs: 100,
};

/** Of a dataset with periods one: a joined side has one row of a unit. */
function onePeriod({ schema }: RandomDataset, alias: string): { where?: { eq: readonly [string, string] } } {
  return schema.period === null ? {} : { where: { eq: [`${alias}.${schema.period}`, 'q2'] } };
}

/** All columns, `alias--column`: an ordinary schema of the linked rows. */
function mergedSchema({ from, joined }: Linked): DatasetSchema {
  const columns = [from, ...joined].flatMap(({ schema }, at) =>
    schema.columns.map((column) => ({ ...column, name: `${aliases[at]}--${column.name}` })),
  );
  const { period } = from.schema;
  return DatasetSchema.parse({ ...from.schema, period: period === null ? null : `a--${period}`, columns });
}

function unitsOf({ rows, units }: RandomDataset): readonly { readonly unit: number; readonly row: readonly Value[] }[] {
  return rows.map((row, n) => ({ unit: units?.[n] ?? n, row }));
}

/** Rows of a dataset a side of the question reads. */
function side(dataset: RandomDataset, alias: string, where: AggregateQuery['where']) {
  const at = new Map(dataset.schema.columns.map(({ name }, n) => [`${alias}.${name}`, n]));
  return unitsOf(dataset).filter(({ row }) => !where || holds(where, (name) => row[at.get(name) ?? -1] ?? null));
}

/** The rows of the asked dataset that its bound leaves. */
function bounded(dataset: RandomDataset, { contribution }: AggregateQuery): RandomDataset {
  if (!contribution) return dataset;
  const ranks = ranksOf(dataset, unitOf);
  const kept = dataset.rows.flatMap((_, n) => ((ranks[n] ?? 0) <= contribution.maxRows ? [n] : []));
  return {
    ...dataset,
    rows: kept.map((n) => dataset.rows[n] ?? []),
    units: kept.map((n) => dataset.units?.[n] ?? n),
  };
}

/** The answer to a question on linked rows. */
export function countedLinked(of: Linked, query: AggregateQuery): ReferenceMeasure[] {
  const linked = unitsOf(bounded(of.from, query)).flatMap(({ unit, row }) => {
    const found = of.joined.map((dataset, at) =>
      side(dataset, aliases[at + 1] ?? '', query.joins?.[at]?.where).filter((other) => other.unit === unit),
    );
    // Each side has one row of a unit or none: what had more would be more rows here.
    return found
      .reduce((all, rows) => all.flatMap((own) => rows.map((other) => [...own, ...other.row])), [[...row]])
      .map((merged) => ({ unit, merged }));
  });
  const text = JSON.stringify(query).replaceAll(/"([abc])\.([a-z][a-z_-]*)"/g, '"r.$1--$2"');
  const { contribution: _bound, ...plain } = JSON.parse(text) as AggregateQuery;
  const merged = {
    schema: mergedSchema(of),
    rows: linked.map((one) => one.merged),
    units: linked.map(({ unit }) => unit),
  };
  return counted(merged, plain);
}

/** Units of both sides, of the first alone, of the second alone, by class. */
export function countedOverlap(of: Linked, query: AggregateQuery): bigint[] {
  const [other] = of.joined;
  const [key] = query.groupBy;
  if (!other || !key) throw new TypeError('random linked: no sides');
  const first = side(bounded(of.from, query), 'a', query.where);
  const second = side(other, 'b', query.joins?.[0]?.where);
  const table = (key.keys ?? []).flatMap(() => [0n, 0n, 0n]);
  for (const unit of new Set([...first, ...second].map((one) => one.unit))) {
    const [mine, theirs] = [first, second].map((rows) => rows.find((one) => one.unit === unit));
    const place = (key.keys ?? []).indexOf(mine?.row[0] ?? theirs?.row[0] ?? '');
    if (place < 0) continue;
    const at = 3 * place + (mine ? (theirs ? 0 : 1) : 2);
    table[at] = (table[at] ?? 0n) + 1n;
  }
  return table;
}
