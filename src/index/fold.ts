/**
 * From a log that is being verified to rows: told of every object the rules have read and of every entry they have
 * accepted, in order, and of nothing else (docs/spec/audit-tools.md §1).
 */
import { Frontier, leafHash, type Resumption } from '@reinraum/audit';
import { type Bilingual, decodeEntry, type LogEntry, parseCanonical, Question } from '@reinraum/protocol';
import { type ChargeFacts, factsBefore, factsOf, type IndexRow, rowOf } from './row.ts';

/** A proposed question or table as people know it. */
export interface QuestionName {
  readonly digest: string;
  readonly kind: Question['kind'];
  readonly id: string;
  readonly title: Bilingual;
}

/** An accepted entry with its row. */
export interface FoldedEntry {
  readonly row: IndexRow;
  readonly entry: LogEntry;
  readonly bytes: Uint8Array;
  /** Hash of its leaf in the tree of the log, 32 bytes. */
  readonly leaf: Uint8Array;
  /** Name of the question it is about. */
  readonly question: QuestionName | null;
}

/** Turns accepted entries into rows; one for each pass over a log. */
export class EntryFold {
  readonly #sink: (folded: FoldedEntry) => void;
  #frontier = new Frontier();
  readonly #facts = new Map<number, ChargeFacts>();
  readonly #questions = new Map<string, QuestionName>();
  /** Objects read for entries that are still to be accepted: a verifier reads ahead, and one of them may propose a question. */
  readonly #read = new Map<string, Uint8Array>();

  constructor(sink: (folded: FoldedEntry) => void) {
    this.#sink = sink;
  }

  /** Entries so far, with those pruned before. */
  get size(): number {
    return this.#frontier.size;
  }

  /** Root of the tree of the entries so far. */
  root(): Uint8Array {
    return this.#frontier.root();
  }

  /** The log begins behind a pruning: what follows is as if the entries before it had been accepted. */
  resumed({ frontier, room }: Resumption): void {
    this.#frontier = frontier.copy();
    for (const [index, facts] of factsBefore(room)) this.#facts.set(index, facts);
    const asked = [...room.queries].map(([digest, { query }]) => [digest, query] as const);
    for (const [digest, question] of [
      ...asked,
      ...[...room.tables].map(([digest, { table }]) => [digest, table] as const),
    ]) {
      const { kind, id, title } = question;
      this.#questions.set(digest, { digest, kind, id, title });
    }
  }

  /** Name of a question that was proposed. */
  question(digest: string): QuestionName | null {
    return this.#questions.get(digest) ?? null;
  }

  /** An object was read. Whether it is what its digest says is decided by the rules, before the entry that names it is accepted. */
  object(digest: string, bytes: Uint8Array): void {
    this.#read.set(digest, bytes);
  }

  /** An entry was accepted. Throws `RangeError` unless it is the next one. */
  entry(index: number, bytes: Uint8Array): void {
    if (index !== this.size) throw new RangeError('fold: entries come in order');
    const entry = decodeEntry(bytes);
    const cause = entry.caused === null ? null : (this.#facts.get(entry.caused) ?? null);
    const facts = factsOf(entry, cause);
    if (facts) this.#facts.set(index, facts);
    if (entry.type === 'query.proposed') this.#name(entry.detail.query);
    for (const digest of namedBy(entry)) this.#read.delete(digest);
    const leaf = leafHash(bytes);
    this.#frontier.append(leaf);
    const row = rowOf(index, entry, cause);
    const question = (row.query === null ? undefined : this.#questions.get(row.query)) ?? null;
    this.#sink({ row, entry, bytes, leaf, question });
  }

  #name(digest: string): void {
    const bytes = this.#read.get(digest);
    if (!bytes) throw new Error('fold: a question was accepted that nobody read');
    const { kind, id, title } = Question.parse(parseCanonical(bytes));
    this.#questions.set(digest, { digest, kind, id, title });
  }
}

/** Objects an accepted entry names: no later one needs them again. */
function namedBy({ statements, detail }: LogEntry): string[] {
  const { charter, claims, offer, query } = detail as Readonly<Record<string, unknown>>;
  const named = [charter, claims, offer, query].filter((digest) => typeof digest === 'string');
  return [...statements.map(({ digest }) => digest), ...named];
}
