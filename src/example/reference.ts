/** A release beside the official table it estimates: only for examples whose true counts are published. */
import { type DatasetSchema, estimatesOf } from '@reinraum/protocol';
import type { Source } from './example-plan.ts';
import type { Policies } from './policy-files.ts';
import type { ExampleRun } from './run.ts';
import { recordsOf } from './source.ts';

/** How a release compares with the published counts, cell by cell. */
export interface Comparison {
  readonly cells: number;
  readonly shown: number;
  readonly hidden: number;
  /** Shown cells whose 95 % range holds the published count. */
  readonly inRange: number;
  /** Shown cells that rest on fewer than k persons; must be 0. */
  readonly shownBelowK: number;
  readonly errorMean: number;
  readonly errorMax: number;
}

/**
 * Compares the first release with its source. Undefined where the source is not a published table, or the question asks
 * for something else than its counts by columns of codes.
 */
export async function compareWithReference(
  policies: Policies,
  run: ExampleRun,
  data: string | undefined,
): Promise<Comparison | undefined> {
  const [answer] = run.answers;
  const dataset = policies.example.datasets.find((known) => known.dataset === answer?.query.from.dataset);
  const schema = policies.schemas.find(({ id }) => id === dataset?.dataset);
  if (!answer || !dataset || !schema || dataset.source.kind !== 'expand') return undefined;
  const { where, groupBy, measures } = answer.query;
  if (where || measures[0]?.fn !== 'count' || groupBy.some(({ edges, groups }) => edges ?? groups)) return undefined;
  const columns = groupBy.map(({ column }) => column.slice(column.indexOf('.') + 1));
  return compare(answer.answered.release, await referenceTable(dataset.source, schema, columns, data));
}

/**
 * The true counts of a source by columns of its schema: values joined by NUL → rows. Keys without rows are not in it. Throws
 * an `Error` on an unknown column, and as `recordsOf` does.
 */
export async function referenceTable(
  source: Source,
  schema: DatasetSchema,
  columns: readonly string[],
  data: string | undefined,
): Promise<Map<string, number>> {
  const positions = columns.map((name) => {
    const position = schema.columns.findIndex((column) => column.name === name);
    if (position === -1) throw new Error(`reference: ${schema.id} has no column "${name}"`);
    return position;
  });
  const counts = new Map<string, number>();
  for await (const { values } of recordsOf(source, schema, data)) {
    const key = positions.map((position) => values[position] ?? '').join('\0');
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** Compares cells with true counts by key; a key that is not in `truth` counts 0. */
export function compare(
  release: ExampleRun['answers'][number]['answered']['release'],
  truth: ReadonlyMap<string, number>,
): Comparison {
  let shown = 0;
  let inRange = 0;
  let shownBelowK = 0;
  let errorSum = 0;
  let errorMax = 0;
  for (const cell of release.cells) {
    const [count] = estimatesOf(cell, 0);
    if (!count) continue;
    const published = truth.get(cell.key.join('\0')) ?? 0;
    const error = Math.abs(count.value - published);
    shown += 1;
    errorSum += error;
    errorMax = Math.max(errorMax, error);
    if (count.low <= published && published <= count.high) inRange += 1;
    if (published < release.k) shownBelowK += 1;
  }
  const cells = release.cells.length;
  const errorMean = shown === 0 ? 0 : Math.round((errorSum / shown) * 100) / 100;
  return { cells, shown, hidden: cells - shown, inRange, shownBelowK, errorMean, errorMax };
}
