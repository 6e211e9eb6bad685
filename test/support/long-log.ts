/** A long honest log in memory, written through the rules a verifier applies: for measurements and for long folds. */
import { type Fetch, type ReadObject, Replay } from '@reinraum/audit';
import { encodeEntry, formatInstant, type Json } from '@reinraum/protocol';
import type { Draft } from '../../enclave/ledger.ts';
import { fixedCharter, people } from './fixed-room.ts';
import { foundedMs } from './honest-log.ts';
import { released, runBody, Scribe } from './scribe.ts';
import { filesOf } from './signed-files.ts';
import { byDistrict, template } from './small-room.ts';

/** A log as a verifier is given it, and what it holds. */
export interface LongLog {
  readonly room: string;
  readonly entries: readonly Uint8Array[];
  /** Checkpoint, tiles and bundles by their paths. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly objects: ReadonlyMap<string, Uint8Array>;
  readonly fetch: Fetch;
  readonly readObject: ReadObject;
  readonly size: number;
  /** Entries that carry a statement of their own; outcomes of charges carry none. */
  readonly signed: number;
}

/** Rounds of a question between its approval and the next question. */
const roundsPerQuestion = 20;
/** Drafts that are signed at once. */
const draftsAtOnce = 512;

/** Makes the draft of entry `index`; one draft each, so the numbers of later entries are known before it is signed. */
type Act = (index: number, nowMs: number) => Promise<Draft> | Draft;

/** Entries that have passed the rules, in order. */
class Book {
  readonly entries: Uint8Array[] = [];
  signed = 0;
  readonly scribe: Scribe;
  readonly #replay: Replay;

  constructor(scribe: Scribe, readObject: ReadObject) {
    this.scribe = scribe;
    this.#replay = new Replay(readObject);
  }

  async append(draft: Draft): Promise<void> {
    const bytes = encodeEntry(this.scribe.entry(momentOf(this.entries.length), draft));
    await this.#replay.apply(bytes);
    this.entries.push(bytes);
    if ((draft.statements?.length ?? 0) > 0) this.signed += 1;
  }
}

/** A log in which at least `statements` entries each carry a statement of their own. */
export async function longLog(statements: number): Promise<LongLog> {
  const scribe = new Scribe(fixedCharter(template('1000000', '1/2')));
  const readObject: ReadObject = async (digest) => scribe.objects.get(digest);
  const book = new Book(scribe, readObject);
  const { entries } = book;
  const story = acts(scribe, await opened(book));
  while (book.signed < statements) {
    const due = Array.from({ length: Math.min(draftsAtOnce, statements - book.signed) }, () => story.next().value);
    const first = entries.length;
    const drafts = due.map(async (act, at) => act(first + at, momentOf(first + at)));
    for (const draft of await Promise.all(drafts)) await book.append(draft);
  }
  const files = await filesOf(scribe.room, entries);
  const { room, objects } = scribe;
  const fetch: Fetch = async (path) => files.get(path);
  return { room, entries, files, objects, fetch, readObject, size: entries.length, signed: book.signed };
}

const momentOf = (index: number): number => foundedMs + 1000 * index;

/** Founds the room and admits its dataset; returns the manifest. */
async function opened(book: Book): Promise<string> {
  const { scribe } = book;
  const said = ({ detail }: Draft) => detail as unknown as { readonly offer: string; readonly manifest: string };
  await book.append(await scribe.founded(momentOf(0)));
  await book.append(await scribe.started(momentOf(1)));
  const declared = await scribe.declared(momentOf(2), [1, null]);
  await book.append(declared);
  const admitted = await scribe.sealed(momentOf(3), 'dataset.admitted', [1, null, said(declared).offer]);
  await book.append(admitted);
  return said(admitted).manifest;
}

/** Question after question, without end: proposed, approved by three, then asked round after round. */
function* acts(scribe: Scribe, manifest: string): Generator<Act, never> {
  for (let n = 0; ; n++) {
    const query = scribe.keep({ ...byDistrict, id: `by-district-${n}` } as Json);
    const about = { body: { query }, detail: { query } };
    yield (_index, nowMs) => scribe.judged(nowMs, 'propose', about);
    for (const person of [people.steward, people.cityDpo, people.bureauDpo]) {
      yield (_index, nowMs) => scribe.judged(nowMs, 'approve', { person, ...about });
    }
    for (let round = 0; round < roundsPerQuestion; round++) yield* rounds(scribe, [query, manifest], round);
  }
}

/** A session, a run that is charged and released, and in every second round a repeat of it, in every fifth a refusal. */
function* rounds(scribe: Scribe, [query, manifest]: readonly [string, string], round: number): Generator<Act> {
  const asked = { query, parameters: round.toString(16).padStart(64, '0') };
  yield (_index, nowMs) => session(scribe, nowMs);
  let charge = 0;
  yield (index, nowMs) => {
    charge = index;
    return scribe.charged(nowMs, [1, manifest], { body: asked, detail: asked });
  };
  yield () => released(charge, runBody.recipient, query);
  if (round % 2 === 0) yield (index, nowMs) => scribe.repeated(nowMs, index - 1, { body: asked, detail: asked });
  if (round % 5 === 0) yield (_index, nowMs) => refused(scribe, nowMs);
}

async function session(scribe: Scribe, nowMs: number): Promise<Draft> {
  const { member } = people.analyst;
  const signed = await scribe.sign(people.analyst, { type: 'session.open', body: { scope: 'log' }, nowMs });
  const by = { actor: { ref: member.ref, unit: member.unit }, statements: [signed] };
  const until = formatInstant(nowMs + 900_000);
  return { ...by, type: 'session.opened', activity: 'verwalten', detail: { scope: 'log', until } };
}

async function refused(scribe: Scribe, nowMs: number): Promise<Draft> {
  const { actor, statements } = await session(scribe, nowMs);
  const detail = { statement: 'session.open', code: 'role-missing' } as const;
  return {
    ...(actor ? { actor } : {}),
    ...(statements ? { statements } : {}),
    type: 'statement.refused',
    activity: 'verwalten',
    detail,
  };
}
