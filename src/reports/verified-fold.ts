/** Collects what reports need while a log is being verified; believed only when the verification has ended well. */
import type { Resumption, Room } from '@reinraum/audit';
import { Claims, decodeEntry, fromBase64, parseCanonical, SignedDocument, toBase64 } from '@reinraum/protocol';
import { EntryFold } from '../index/fold.ts';
import { rowOf } from '../index/row.ts';
import type { ReadEntry, VerifiedLog } from './subject.ts';

/** One for each pass over a log. */
export class VerifiedFold {
  #from = 0;
  readonly #entries: ReadEntry[] = [];
  readonly #claims = new Map<number, Claims>();
  readonly #fold = new EntryFold(({ row, entry, question }) => void this.#entries.push({ row, entry, question }));
  /** Objects read ahead of the entries that name them. Claims stay: two starts might name the same. */
  readonly #read = new Map<string, Uint8Array>();

  /** The log begins behind a pruning. Its charges are in the snapshot: sums stay those of all charges there ever were. */
  resumed(start: Resumption): void {
    this.#fold.resumed(start);
    for (const [index, { entry }] of start.room.charges) {
      const row = rowOf(index, entry, null);
      this.#entries.push({ row, entry, question: this.#fold.question(entry.detail.query) });
    }
    this.#from = start.index;
  }

  /** An object the rules have read. */
  object(digest: string, bytes: Uint8Array): void {
    this.#fold.object(digest, bytes);
    this.#read.set(digest, bytes);
  }

  /** An entry every rule has accepted. */
  entry(index: number, bytes: Uint8Array): void {
    this.#fold.entry(index, bytes);
    const entry = decodeEntry(bytes);
    if (entry.type === 'enclave.started') this.#claims.set(index, claimsIn(this.#read.get(entry.detail.claims)));
    for (const { digest } of entry.statements) this.#read.delete(digest);
  }

  /** The log, once it has verified as a whole: the room its rules made, and how many witnesses have cosigned its head. */
  log(room: Room, cosigned: number): VerifiedLog {
    const { size } = this.#fold;
    const root = toBase64(this.#fold.root());
    return { room, cosigned, size, from: this.#from, entries: this.#entries, root, claims: this.#claims };
  }
}

/** Their signature and form were held against the rules already. */
function claimsIn(bytes: Uint8Array | undefined): Claims {
  if (!bytes) throw new Error('report: a start was accepted whose claims nobody read');
  const { payload } = SignedDocument.parse(parseCanonical(bytes));
  return Claims.parse(parseCanonical(fromBase64(payload)));
}
