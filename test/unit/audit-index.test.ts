/** The derived index: it holds what verification accepted, belongs to one head, and gives way to the log. */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { LogEntry } from '@reinraum/protocol';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Draft } from '../../enclave/ledger.ts';
import { prove } from '../../src/cli/audit-search.ts';
import { indexState } from '../../src/cli/indexed-state.ts';
import { printable } from '../../src/cli/output.ts';
import { openState } from '../../src/cli/state-source.ts';
import { EntryIndex, NoIndex } from '../../src/index/entry-index.ts';
import { momentsOf } from '../../src/index/filter.ts';
import { EntryFold } from '../../src/index/fold.ts';
import { at, entryCount, type HeldLog, honestLog, momentMs } from '../support/honest-log.ts';
import { queryDigest, released } from '../support/scribe.ts';
import { type StateFolder, stateFolder } from '../support/state-folder.ts';

let honest: HeldLog;
let scratch: string;
const folders: StateFolder[] = [];

beforeAll(async () => {
  honest = await honestLog();
  scratch = await mkdtemp(join(tmpdir(), 'reinraum-index-'));
});
afterEach(async () => {
  for (const folder of folders.splice(0)) await folder.remove();
});
afterAll(async () => {
  await rm(scratch, { recursive: true, force: true });
});

async function folderOf(entries: readonly LogEntry[] = honest.entries): Promise<StateFolder> {
  const folder = await stateFolder(honest, entries);
  folders.push(folder);
  return folder;
}

/** Opens the index in a file, lets a test do something with it, and closes it. */
async function withIndex<T>(file: string | undefined, work: (index: EntryIndex) => Promise<T>): Promise<T> {
  const index = await EntryIndex.open(file);
  try {
    return await work(index);
  } finally {
    index.close();
  }
}

const indexOf = (directory: string, file?: string) =>
  withIndex(file, async (index) => {
    const done = await indexState(await openState(directory), index);
    return { done, head: await index.head(), found: await index.search({}, 1000) };
  });

/** A second release of a charge: nothing a verifier accepts. */
const secondRelease = () => honest.scribe.entry(momentMs(honest.entries.length), released(at.charged));

describe('the index', () => {
  test('has one row for every entry, with what the entry says', async () => {
    const { directory } = await folderOf();
    const { done, found } = await indexOf(directory);
    expect(done).toMatchObject({ verified: true, step: 'made', head: { room: honest.scribe.room, size: entryCount } });
    expect(found.total).toBe(honest.entries.length);
    expect(found.rows.map(({ row }) => row.type)).toEqual(honest.entries.map(({ type }) => type).toReversed());
    const byIndex = found.rows.toReversed();
    const charged = byIndex[at.charged];
    expect(charged?.row).toMatchObject({
      outcome: 'charged',
      purpose: 'planning',
      datasets: ['residents@1'],
      unit: 'city/planning',
      party: 'city',
      charges: [{ population: 'person', loss: '1/8', delta: '1/100000000' }],
    });
    expect(charged?.question).toMatchObject({ digest: queryDigest, id: 'by-district', title: { de: 'Nach Bezirk' } });
    // What follows from the charge shares its purpose and data, never its cost.
    for (const follows of [at.released, at.repeated, at.retracted]) {
      expect(byIndex[follows]?.row).toMatchObject({ purpose: 'planning', datasets: ['residents@1'], charges: [] });
    }
    expect(byIndex[at.refused]?.row).toMatchObject({ outcome: 'refused', code: 'role-missing', purpose: null });
    expect(byIndex[at.withdrawn]?.row).toMatchObject({ datasets: ['residents@2'] });
  });

  test('is kept where the log is as it was, extended where it has grown', async () => {
    const file = join(scratch, 'grown');
    const folder = await folderOf(honest.entries.slice(0, 12));
    expect((await indexOf(folder.directory, file)).done).toMatchObject({ step: 'made' });
    expect((await indexOf(folder.directory, file)).done).toMatchObject({ step: 'kept', head: { size: 12 } });
    await folder.grow(honest.entries.slice(12));
    const grown = await indexOf(folder.directory, file);
    expect(grown.done).toMatchObject({ step: 'extended', head: { size: entryCount } });
    const fresh = await indexOf(folder.directory);
    expect(grown.found).toEqual(fresh.found);
    expect(grown.head).toEqual(fresh.head);
  });

  test.each([
    ['a shorter one', () => honest.entries.slice(0, 9)],
    ['one of the same size', () => [...honest.entries.slice(0, 11), otherwise(11)]],
    ['a longer one with another past', () => [...honest.entries.slice(0, 11), otherwise(11), otherwise(12)]],
  ])('of another log is replaced: %s', async (name, entries) => {
    const file = join(scratch, name.replaceAll(' ', '-'));
    await indexOf((await folderOf(honest.entries.slice(0, 12))).directory, file);
    const { directory } = await folderOf(entries());
    const replaced = await indexOf(directory, file);
    expect(replaced.done).toMatchObject({ verified: true, step: 'replaced' });
    expect(replaced.found).toEqual((await indexOf(directory)).found);
  });

  test('takes nothing of a log that breaks a rule, not even what was accepted before', async () => {
    const file = join(scratch, 'forged');
    const { directory } = await folderOf([...honest.entries, secondRelease()]);
    const forged = await indexOf(directory, file);
    expect(forged.done).toMatchObject({ verified: false, rule: 'single-release', entry: entryCount });
    expect(forged).toMatchObject({ head: undefined, found: { total: 0 } });
    const grown = join(scratch, 'grown-wrongly');
    const folder = await folderOf();
    await indexOf(folder.directory, grown);
    await folder.grow([secondRelease()]);
    const after = await indexOf(folder.directory, grown);
    expect(after.done).toMatchObject({ verified: false });
    expect(after).toMatchObject({ head: { size: entryCount }, found: { total: entryCount } });
  });

  test.each([
    ['another outcome', "UPDATE entry SET outcome = 'released' WHERE number = 15"],
    ['another cost', "UPDATE entry SET losses = ['1/1000'] WHERE number = 9"],
    ['another purpose of a release', "UPDATE entry SET purpose = 'research' WHERE number = 10"],
    ['another number', 'UPDATE entry SET number = 12 WHERE number = 9'],
    ['another title', "UPDATE question SET de = 'Harmlos'"],
  ])('that somebody altered shows no line that is not in the log: %s', async (name, sql) => {
    const file = join(scratch, `altered-${name.replaceAll(' ', '-')}`);
    const { directory } = await folderOf();
    await indexOf(directory, file);
    const instance = await DuckDBInstance.create(file);
    const connection = await instance.connect();
    await connection.run(sql);
    connection.closeSync();
    instance.closeSync();
    await withIndex(file, async (index) => {
      const source = await openState(directory);
      const done = await indexState(source, index);
      if (!done.verified) throw new Error('the log itself is in order');
      expect(done.step).toBe('kept');
      await expect(prove(source, done.head.room, await index.search({}, 1000))).rejects.toThrow(/Suchindex sagt/);
    });
  });

  test('proves every line of one that nobody altered', async () => {
    const { directory } = await folderOf();
    const source = await openState(directory);
    await withIndex(undefined, async (index) => {
      await indexState(source, index);
      await expect(prove(source, honest.scribe.room, await index.search({}, 1000))).resolves.toBeUndefined();
    });
  });

  test('leaves alone what is no index', async () => {
    const diary = join(scratch, 'diary.txt');
    await writeFile(diary, 'nobody’s business');
    await expect(EntryIndex.open(diary)).rejects.toThrow(NoIndex);
    expect(await readFile(diary, 'utf8')).toBe('nobody’s business');
    const database = join(scratch, 'other.db');
    const instance = await DuckDBInstance.create(database);
    const connection = await instance.connect();
    await connection.run('CREATE TABLE budget (n BIGINT)');
    connection.closeSync();
    instance.closeSync();
    await expect(EntryIndex.open(database)).rejects.toThrow(/etwas anderem/);
  });

  test('refuses to mix entries up', () => {
    const fold = new EntryFold(() => {});
    expect(() => fold.entry(1, new Uint8Array())).toThrow(RangeError);
  });
});

describe('a search', () => {
  test.each(["x'; DROP TABLE entry; --", '$unit', "' OR '1'='1", '%', '\u0000', "\"; ATTACH '/tmp/x' AS x; --"])(
    'binds what it is given: %j finds nothing and harms nothing',
    async (text) => {
      const { directory } = await folderOf();
      await withIndex(undefined, async (index) => {
        await indexState(await openState(directory), index);
        for (const name of ['actor', 'unit', 'purpose', 'dataset', 'query', 'outcome', 'type', 'from'] as const) {
          if (name === 'from') expect((await index.search({ to: ' ', from: text }, 10)).total).toBe(0);
          else expect((await index.search({ [name]: text }, 10)).total).toBe(0);
        }
        expect((await index.search({}, 1000)).total).toBe(entryCount);
      });
      expect(existsSync('attached.db')).toBe(false);
    },
  );

  test('reads days and moments of UTC, and nothing else', () => {
    expect(momentsOf('2026-02-28')).toEqual({ first: '2026-02-28T00:00:00Z', last: '2026-02-28T23:59:59Z' });
    expect(momentsOf('2026-02-28T10:00:00Z').last).toBe('2026-02-28T10:00:00Z');
    for (const wrong of ['2026-02-30', '2026-2-3', '2026-02-28T10:00:00', '2026-02-28T10:00:00+01:00', 'gestern', '']) {
      expect(() => momentsOf(wrong), wrong).toThrow(TypeError);
    }
  });

  test('shows a title without what steers a terminal', () => {
    expect(printable('Frage\u001b[2J\r\nzwei\u202egnp')).toBe('Frage\uFFFD[2J\uFFFD\uFFFDzwei\uFFFDgnp');
    expect(printable('Überschuldung – 65+')).toBe('Überschuldung – 65+');
  });
});

/** Another entry the rules accept than the honest log has there: an unsigned refusal. */
function otherwise(index: number): LogEntry {
  const draft = {
    type: 'statement.refused',
    activity: 'verwalten',
    detail: { statement: '', code: 'envelope-malformed' },
  };
  return honest.scribe.entry(momentMs(index), draft as Draft);
}
