/**
 * The derived index: one table of rows in DuckDB, in memory or in a file of its reader's own. It can be thrown away at any
 * time. It belongs to one head of one log – room, size and root – and whoever opens it compares that with a log that was
 * verified before anything in it is used (docs/spec/audit-tools.md §1).
 */
import {
  type DuckDBAppender,
  type DuckDBConnection,
  DuckDBInstance,
  DuckDBListValue,
  type DuckDBValue,
  LIST,
  VARCHAR,
} from '@duckdb/node-api';
import { conditionOf, type Filter } from './filter.ts';
import type { FoldedEntry, QuestionName } from './fold.ts';
import type { IndexRow } from './row.ts';

/** The head of the log whose entries are in an index: all of them. `root` in hexadecimal. */
export interface IndexHead {
  readonly room: string;
  readonly size: number;
  readonly root: string;
}

/** A row that was found, with the name of its question. */
export interface FoundRow {
  readonly row: IndexRow;
  readonly question: QuestionName | null;
}

/** Rows that fit, latest first, and how many there are in all. */
export interface Found {
  readonly rows: readonly FoundRow[];
  readonly total: number;
}

/** A file that is no index of this layout. It is left alone. */
export class NoIndex extends Error {}

/** Layout of the tables below; another number is another layout. */
const layout = 1n;
const texts = LIST(VARCHAR);
/** Nothing but the one file is read or written, and nothing in it can change that. */
const closedToTheOutside = {
  threads: '2',
  enable_external_access: 'false',
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
  lock_configuration: 'true',
};
const tables = [
  'CREATE TABLE IF NOT EXISTS head (layout BIGINT, room VARCHAR, size BIGINT, root VARCHAR)',
  'CREATE TABLE IF NOT EXISTS question (digest VARCHAR, kind VARCHAR, id VARCHAR, de VARCHAR, en VARCHAR)',
  `CREATE TABLE IF NOT EXISTS entry (
     number BIGINT, logged_at VARCHAR, type VARCHAR, activity VARCHAR, outcome VARCHAR, code VARCHAR,
     actor VARCHAR, unit VARCHAR, party VARCHAR, purpose VARCHAR, legal_basis VARCHAR,
     datasets VARCHAR[], dataset_keys VARCHAR[], query VARCHAR, recipient VARCHAR,
     populations VARCHAR[], losses VARCHAR[], deltas VARCHAR[], caused BIGINT)`,
];

/** An open index. One writer; a file is locked by DuckDB while it is open. */
export class EntryIndex {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  #appender: DuckDBAppender | undefined;
  #questions = new Map<string, QuestionName>();

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance;
    this.#connection = connection;
  }

  /** Opens the index in a file, making it where there is none, or one in memory. Throws {@link NoIndex}. */
  static async open(file?: string): Promise<EntryIndex> {
    const instance = await DuckDBInstance.create(file ?? ':memory:', closedToTheOutside).catch((cause: unknown) => {
      throw new NoIndex('Datei ist kein Suchindex oder in Gebrauch / no index of a log, or in use', {
        cause,
      });
    });
    const index = new EntryIndex(instance, await instance.connect());
    try {
      await index.#prepare();
      return index;
    } catch (error) {
      index.close();
      throw error;
    }
  }

  /** The head the index belongs to; undefined while it is empty. */
  async head(): Promise<IndexHead | undefined> {
    const [head] = await this.#rows('SELECT room, size, root FROM head');
    return head && { room: text(head['room']), size: Number(head['size']), root: text(head['root']) };
  }

  /** Begins to write: after what is there, or with `anew` in its place. Nothing counts before {@link commit}. */
  async begin(anew: boolean): Promise<void> {
    await this.#connection.run('BEGIN TRANSACTION');
    if (anew) for (const table of ['head', 'question', 'entry']) await this.#connection.run(`DELETE FROM ${table}`);
    const known = await this.#rows('SELECT digest, kind, id, de, en FROM question');
    this.#questions = new Map(known.map((row) => [text(row['digest']), nameOf(row)]));
    this.#appender = await this.#connection.createAppender('entry');
  }

  /** Adds an entry. Without waiting, so that it can be called for every entry of a log while it is verified. */
  add({ row, question }: Pick<FoldedEntry, 'row' | 'question'>): void {
    const appender = this.#appender;
    if (!appender) throw new Error('index: not begun');
    if (question) this.#questions.set(question.digest, question);
    appender.appendBigInt(BigInt(row.index));
    for (const value of [row.at, row.type, row.activity, row.outcome, row.code]) appendText(appender, value);
    for (const value of [row.actor, row.unit, row.party, row.purpose, row.legalBasis]) appendText(appender, value);
    appender.appendList([...row.datasets], texts);
    appender.appendList(row.datasets.flatMap(datasetKeys), texts);
    for (const value of [row.query, row.recipient]) appendText(appender, value);
    for (const field of ['population', 'loss', 'delta'] as const) {
      appender.appendList(
        row.charges.map((charge) => charge[field]),
        texts,
      );
    }
    if (row.caused === null) appender.appendNull();
    else appender.appendBigInt(BigInt(row.caused));
    appender.endRow();
  }

  /** Whether there are rows of entries before one. */
  async hasBefore(entry: number): Promise<boolean> {
    const rows = await this.#rows(`SELECT number FROM entry WHERE number < ${Math.trunc(entry)} LIMIT 1`);
    return rows.length > 0;
  }

  /** Removes the rows of entries before one that the log itself does not have any more. */
  async forgetBefore(entry: number): Promise<void> {
    await this.#connection.run('DELETE FROM entry WHERE number < $entry', { entry: BigInt(entry) });
  }

  /** Makes what was added the index of this head. Only for a head whose log was accepted as a whole. */
  async commit({ room, size, root }: IndexHead): Promise<void> {
    this.#appender?.closeSync();
    this.#appender = undefined;
    await this.#connection.run('DELETE FROM head');
    await this.#connection.run('INSERT INTO head VALUES ($layout, $room, $size, $root)', {
      layout,
      room,
      size: BigInt(size),
      root,
    });
    await this.#connection.run('DELETE FROM question');
    for (const { digest, kind, id, title } of this.#questions.values()) {
      const values = { digest, kind, id, ...title };
      await this.#connection.run('INSERT INTO question VALUES ($digest, $kind, $id, $de, $en)', values);
    }
    await this.#connection.run('COMMIT');
  }

  /** Forgets what was added since {@link begin}. */
  async rollback(): Promise<void> {
    this.#appender?.closeSync();
    this.#appender = undefined;
    await this.#connection.run('ROLLBACK');
  }

  /** The latest `limit` rows that fit, and the number of all that do. */
  async search(filter: Filter, limit: number): Promise<Found> {
    const { text: where, binds } = conditionOf(filter);
    const [count] = await this.#rows(`SELECT count(*) AS total FROM entry WHERE ${where}`, binds);
    // The numbers first: sorting whole rows of a million entries to show fifty would take longer than finding them.
    const page = `SELECT number FROM entry WHERE ${where} ORDER BY number DESC LIMIT $limit`;
    const rows = await this.#rows(
      `WITH page AS (${page})
       SELECT entry.*, question.digest, question.kind, question.id, question.de, question.en
       FROM entry JOIN page ON page.number = entry.number LEFT JOIN question ON question.digest = entry.query
       ORDER BY entry.number DESC`,
      { ...binds, limit: BigInt(limit) },
    );
    return {
      total: Number(count?.['total'] ?? 0),
      rows: rows.map((row) => ({ row: rowIn(row), question: row['digest'] === null ? null : nameOf(row) })),
    };
  }

  /** Closes the file. The index must not be used afterwards. */
  close(): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }

  async #prepare(): Promise<void> {
    const [strange] = await this.#rows(
      "SELECT table_name FROM information_schema.tables WHERE table_name NOT IN ('head', 'question', 'entry')",
    );
    if (strange) throw new NoIndex('Die Datenbank gehört etwas anderem / the database is something else’s');
    try {
      for (const table of tables) await this.#connection.run(table);
      const [head] = await this.#rows('SELECT layout FROM head');
      if (!head || head['layout'] === layout) return;
    } catch (cause) {
      throw new NoIndex('Tabellen in anderer Form / tables of another form', { cause });
    }
    throw new NoIndex('Suchindex einer anderen Fassung: löschen / index of another build: delete it');
  }

  async #rows(sql: string, binds: Record<string, DuckDBValue> = {}): Promise<Record<string, DuckDBValue>[]> {
    return (await this.#connection.runAndReadAll(sql, binds)).getRowObjects();
  }
}

/** What a dataset's version is found by: its name, and its name with the version. */
function datasetKeys(dataset: string): string[] {
  return [dataset.split('@')[0] ?? '', dataset];
}

function appendText(appender: DuckDBAppender, value: string | null): void {
  if (value === null) appender.appendNull();
  else appender.appendVarchar(value);
}

function text(value: DuckDBValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

function textOrNull(value: DuckDBValue | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

function list(value: DuckDBValue | undefined): string[] {
  return value instanceof DuckDBListValue ? value.items.map(text) : [];
}

function rowIn(row: Record<string, DuckDBValue>): IndexRow {
  const [losses, deltas] = [list(row['losses']), list(row['deltas'])];
  return {
    index: Number(row['number']),
    at: text(row['logged_at']),
    type: text(row['type']) as IndexRow['type'],
    activity: text(row['activity']),
    outcome: text(row['outcome']) as IndexRow['outcome'],
    code: textOrNull(row['code']),
    actor: textOrNull(row['actor']),
    unit: textOrNull(row['unit']),
    party: textOrNull(row['party']),
    purpose: textOrNull(row['purpose']),
    legalBasis: textOrNull(row['legal_basis']),
    datasets: list(row['datasets']),
    query: textOrNull(row['query']),
    recipient: textOrNull(row['recipient']),
    charges: list(row['populations']).map((population, at) => ({
      population,
      loss: losses[at] ?? '',
      delta: deltas[at] ?? '',
    })),
    caused: row['caused'] === null ? null : Number(row['caused']),
  };
}

function nameOf(row: Record<string, DuckDBValue>): QuestionName {
  const title = { de: text(row['de']), en: text(row['en']) };
  return { digest: text(row['digest']), kind: text(row['kind']) as QuestionName['kind'], id: text(row['id']), title };
}
