/** Forgeries of an honest log: what an operator who holds the log's key could write. */
import type { Rule } from '@reinraum/audit';
import type { LogEntry, Role } from '@reinraum/protocol';
import type { Draft } from '../../enclave/ledger.ts';
import { fixedMember } from './fixed-room.ts';
import { at, type HeldLog, momentMs } from './honest-log.ts';

/** Makes the entries of a forged log of an honest one. */
export type Forge = (log: HeldLog) => readonly LogEntry[] | Promise<readonly LogEntry[]>;
/** A forgery with the rule it breaks and the first entry that breaks it. */
export type Forgery = readonly [name: string, rule: Rule, entry: number, forge: Forge];

/** A forgery of the corpus: which log it is made of, and what else than its entries is forged. */
export interface NamedForgery {
  /** What the operator did. */
  readonly name: string;
  /** A rule of replay, or a code of the evidence. */
  readonly rule: string;
  /** Index of the entry it is caught at; null where the fault is not at an entry. */
  readonly entry: number | null;
  /** The honest log; its objects are those its room kept. */
  readonly of: () => Promise<HeldLog>;
  readonly forge: Forge;
  /** The objects handed out, where they are not the scribe's. */
  readonly objects?: (log: HeldLog) => ReadonlyMap<string, Uint8Array>;
  /** The note published in place of the log's own. */
  readonly note?: (note: string) => Promise<string>;
  /** Entries of the journal beside the log. */
  readonly journal?: Forge;
}

/** Somebody with keys who is in no charter. */
export const stranger = (roles: readonly Role[] = ['analyst']) => fixedMember('stranger', 'city/planning', roles);

/** Manifest of the version an entry admitted. */
export const manifestOf = ({ entries }: HeldLog, index: number = at.admitted) =>
  (entries[index]?.detail as { manifest: string } | undefined)?.manifest ?? '';

/** Offer of the version an entry declared. */
export const offerOf = ({ entries }: HeldLog, index: number) =>
  (entries[index]?.detail as { offer: string } | undefined)?.offer ?? '';

/** The version the honest charges ask. */
export const asked = (log: HeldLog) => [1, manifestOf(log)] as const;

/** The log with fields of one entry replaced. */
export const bent =
  (index: number, change: object | ((log: HeldLog) => object), detail: object = {}): Forge =>
  (log) =>
    log.entries.map((entry, n) => {
      const fields = typeof change === 'function' ? change(log) : change;
      return n === index ? ({ ...entry, ...fields, detail: { ...entry.detail, ...detail } } as LogEntry) : entry;
    });

/** The log without one entry. */
export const without =
  (index: number): Forge =>
  ({ entries }) =>
    entries.filter((_, n) => n !== index);

/** The log up to an entry, then this draft in its place and nothing more. */
export const insteadAt =
  (index: number, draft: (log: HeldLog, nowMs: number) => Draft | Promise<Draft>): Forge =>
  async (log) => {
    const nowMs = momentMs(index);
    return [...log.entries.slice(0, index), log.scribe.entry(nowMs, await draft(log, nowMs))];
  };
