/** Searching the index finds exactly what a plain walk over the entries finds. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeEntry, type LogEntry, parseCanonical } from '@reinraum/protocol';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verifyState } from '../../src/cli/audit.ts';
import { indexState } from '../../src/cli/indexed-state.ts';
import { openState } from '../../src/cli/state-source.ts';
import { EntryIndex } from '../../src/index/entry-index.ts';
import type { Filter } from '../../src/index/filter.ts';
import { goldenFolder } from '../support/golden-state.ts';
import { honestLog } from '../support/honest-log.ts';
import { stateFolder } from '../support/state-folder.ts';

interface Searched {
  readonly entries: readonly LogEntry[];
  /** Id of the question of a digest. */
  readonly ids: ReadonlyMap<string, string>;
  readonly index: EntryIndex;
}

const logs: Searched[] = [];
const closing: (() => unknown)[] = [];

async function searched(state: string): Promise<Searched> {
  const entries: LogEntry[] = [];
  await verifyState(state, undefined, { entry: (_, bytes) => void entries.push(decodeEntry(bytes)) });
  const ids = new Map<string, string>();
  for (const entry of entries) {
    if (entry.type !== 'query.proposed') continue;
    const object = parseCanonical(await readFile(join(state, 'objects', entry.detail.query))) as { id: string };
    ids.set(entry.detail.query, object.id);
  }
  const index = await EntryIndex.open();
  closing.push(() => index.close());
  await indexState(await openState(state), index);
  return { entries, ids, index };
}

beforeAll(async () => {
  const folder = await stateFolder(await honestLog());
  closing.push(() => folder.remove());
  logs.push(await searched(folder.directory));
  for (const golden of ['state-1', 'state-2']) logs.push(await searched(join(goldenFolder, golden, 'state')));
});
afterAll(async () => {
  for (const close of closing) await close();
});

/** What a field of an entry says, wherever in it that stands. */
const said = (entry: LogEntry, field: string): unknown => (entry.detail as Record<string, unknown>)[field];

/** The charge an entry is or follows from. */
function chargeOf(entries: readonly LogEntry[], entry: LogEntry | undefined): LogEntry | undefined {
  if (entry === undefined || entry.type === 'query.charged') return entry;
  return entry.caused === null ? undefined : chargeOf(entries, entries[entry.caused]);
}

function versionsOf(entries: readonly LogEntry[], entry: LogEntry): string[] {
  if (said(entry, 'dataset') !== undefined)
    return [`${String(said(entry, 'dataset'))}@${String(said(entry, 'version'))}`];
  const charge = chargeOf(entries, entry);
  if (charge?.type !== 'query.charged') return [];
  return charge.detail.datasets.map(({ dataset, version }) => `${dataset}@${version}`);
}

/** What is said of an entry's matter: the verb of its type, but for three (docs/spec/audit-tools.md §2). */
function outcomeWord({ type }: LogEntry): string | undefined {
  if (type === 'member.recovery-approved') return 'approved';
  if (type === 'heartbeat') return 'alive';
  return type === 'review.completed' ? 'reviewed' : type.split('.')[1];
}

/** The filter, read by a person. */
function fits({ entries, ids }: Searched, entry: LogEntry, filter: Filter): boolean {
  const { from = '', to = '9', actor, unit, purpose, dataset, query, outcome, type } = filter;
  const units = [entry.actor?.unit, said(entry, 'recipient')].filter((one) => typeof one === 'string');
  const charge = chargeOf(entries, entry);
  const purposes = said(entry, 'purpose') ?? (charge && said(charge, 'purpose'));
  const versions = versionsOf(entries, entry);
  const digest = String(said(entry, 'query') ?? '');
  return (
    entry.at >= from &&
    entry.at <= to &&
    (actor === undefined || entry.actor?.ref === actor) &&
    (unit === undefined || units.some((one) => one === unit || one.split('/')[0] === unit)) &&
    (purpose === undefined || purposes === purpose) &&
    (dataset === undefined || versions.some((one) => one === dataset || one.split('@')[0] === dataset)) &&
    (query === undefined ||
      ids.get(digest) === query ||
      (query.length >= 8 && digest !== '' && digest.startsWith(query))) &&
    (outcome === undefined ||
      outcomeWord(entry) === outcome ||
      said(entry, 'code') === outcome ||
      said(entry, 'reason') === outcome) &&
    (type === undefined || entry.type === type)
  );
}

/** Values that occur in the logs, and some that do not. */
function valuesOf(field: (entry: LogEntry, log: Searched) => unknown): fc.Arbitrary<string | undefined> {
  const found = logs.flatMap((log) => log.entries.flatMap((entry) => field(entry, log)));
  const texts = [...new Set(found.filter((value) => typeof value === 'string'))];
  return fc.oneof(
    { weight: 20, arbitrary: fc.constant(undefined) },
    { weight: 4, arbitrary: fc.constantFrom(...texts) },
    { weight: 1, arbitrary: fc.constantFrom('nobody', '', "'", '%', '_', '$to') },
  );
}

test('finds what a plain walk finds, latest first', async () => {
  const filters = fc.record({
    from: valuesOf((entry) => entry.at),
    to: valuesOf((entry) => entry.at),
    actor: valuesOf((entry) => entry.actor?.ref),
    unit: valuesOf((entry) => [entry.actor?.unit, entry.actor?.unit.split('/')[0], said(entry, 'recipient')]),
    purpose: valuesOf((entry) => said(entry, 'purpose')),
    dataset: valuesOf((entry, { entries }) => versionsOf(entries, entry).flatMap((one) => [one, one.split('@')[0]])),
    query: valuesOf((entry, { ids }) => {
      const digest = said(entry, 'query');
      return typeof digest === 'string' ? [digest, digest.slice(0, 8), digest.slice(0, 7), ids.get(digest)] : [];
    }),
    outcome: valuesOf((entry) => [outcomeWord(entry), said(entry, 'code'), said(entry, 'reason')]),
    type: valuesOf((entry) => entry.type),
  });
  let hits = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.nat({ max: logs.length - 1 }),
      filters,
      fc.integer({ min: 1, max: 40 }),
      async (n, filter, limit) => {
        const log = logs[n];
        if (!log) return;
        const expected = log.entries.flatMap((entry, at) => (fits(log, entry, filter) ? [at] : [])).toReversed();
        const found = await log.index.search(filter, limit);
        expect(found.total).toBe(expected.length);
        expect(found.rows.map(({ row }) => row.index)).toEqual(expected.slice(0, limit));
        if (found.total > 0) hits++;
      },
    ),
    { numRuns: 600 },
  );
  // A filter that never finds anything would agree with everything.
  expect(hits).toBeGreaterThan(100);
});
