/** What is worth a warning in a log that verifies: holes, clocks, refusals, balances, terms. Pure but for what it remembers. */
import { prunableFrom, type Room, spentOf } from '@reinraum/audit';
import {
  allAccounts,
  compare,
  formatInstant,
  formatRational,
  lossOf,
  multiply,
  parseRational,
  type Rational,
  rational,
} from '@reinraum/protocol';
import type { IndexRow } from '../index/row.ts';
import { type Alert, balance, clockSkew, gap, heartbeatMissing, refusals, retentionOverdue, stale } from './alert.ts';

/** When to warn. */
export interface WatchLimits {
  /** Longest time between two entries by the log's clock, and since the last one by this machine's. */
  readonly silenceMs: number;
  /** So many refusals of one member within so long. */
  readonly refusals: number;
  readonly refusalsWithinMs: number;
}

/** Largest difference between the log's clock and this one (audit-log.md "What a DPO gets": over 2 s). */
export const skewMaxMs = 2000;
/** Instants of the log are whole seconds, cut: an entry may be up to this much younger than it says. */
const instantMs = 999;
const share: Rational = rational(4n, 5n);

/** Between which moments of this machine's clock an entry was logged: after the look before, before this one. */
export interface LoggedWithin {
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** Judges entries in order. */
export class Judge {
  readonly #limits: WatchLimits;
  readonly #refused = new Map<string, number[]>();
  readonly #nearlySpent = new Set<string>();
  readonly #overdue = new Set<string>();
  readonly #begunMs: number;
  #last: { readonly index: number; readonly atMs: number } | undefined;
  /** Whether of the last entry it was said that its time is wrong, or that nothing came after it. */
  #isQuiet = false;

  /** `begunMs` is when the watch began: as long as no entry was seen, silence counts from then. */
  constructor(limits: WatchLimits, begunMs: number) {
    this.#limits = limits;
    this.#begunMs = begunMs;
  }

  /**
   * Takes an entry in, with the room after it, and says what it gives reason to warn of. `within` is known of entries that
   * came between two looks. What was told before is only taken in: for that, `room` is null.
   */
  entry(row: IndexRow, room: Room | null, within?: LoggedWithin): Alert[] {
    const atMs = Date.parse(row.at);
    const silentMs = atMs - (this.#last?.atMs ?? atMs);
    this.#last = { index: row.index, atMs };
    const skewed = within ? skews(row.index, atMs, within) : [];
    this.#isQuiet = skewed.length > 0;
    return [
      ...(silentMs > this.#limits.silenceMs ? [gap(row.index, hours(silentMs))] : []),
      ...skewed,
      ...this.#refusals(row, atMs),
      ...(room && row.type === 'query.charged' ? this.balances(room, row.index) : []),
    ];
  }

  /** Accounts of which four fifths are spent – ρ or ε, or δ – and of which nothing was said yet. */
  balances(room: Room, entry: number | null = null): Alert[] {
    const accounts = room.charter.populations.flatMap((population) => allAccounts(population, room.charter));
    return accounts.flatMap(({ name, cap }) => {
      const spent = spentOf(room, name);
      const parts = [
        { symbol: 'rho' in cap ? 'ρ' : 'ε', spent: spent.loss, cap: lossOf(cap) },
        { symbol: 'δ', spent: spent.delta, cap: parseRational(cap.delta) },
      ];
      return parts.flatMap((part) => {
        const account = `${name} ${part.symbol}`;
        if (this.#nearlySpent.has(account) || part.cap.num === 0n || compare(part.spent, multiply(part.cap, share)) < 0)
          return [];
        this.#nearlySpent.add(account);
        return [balance(entry, account, formatRational(part.spent), formatRational(part.cap))];
      });
    });
  }

  /** What is kept past its term at a moment, and was not said yet: versions of datasets, entries that may be pruned. */
  overdue({ charter, datasets, retention }: Room, nowMs: number): Alert[] {
    const now = formatInstant(nowMs);
    const versions = [...datasets].flatMap(([dataset, byVersion]) =>
      [...byVersion.values()]
        .filter(({ state, declared }) => state === 'admitted' && declared.validUntil < now.slice(0, 10))
        .map(({ version, declared }) => retentionOverdue(`${dataset}@${version}`, null, declared.validUntil)),
    );
    const isKept = (snapshot: number) => !retention.held && snapshot > (retention.pruned?.snapshot ?? -1);
    const entries = [...retention.snapshots]
      .map(([snapshot, { at }]) => ({ snapshot, due: prunableFrom(at, charter.retention.logYears) }))
      .filter(({ snapshot, due }) => isKept(snapshot) && due <= now)
      .map(({ snapshot, due }) => retentionOverdue(`log/${snapshot}`, snapshot, due));
    const fresh = [...versions, ...entries].filter(({ subject }) => !this.#overdue.has(subject ?? ''));
    for (const { subject } of fresh) this.#overdue.add(subject ?? '');
    return fresh;
  }

  /** Whether nothing has come for too long; `isRead` is whether the log could be read. Said once, until something comes. */
  quiet(nowMs: number, isRead: boolean): Alert[] {
    const lastMs = this.#last?.atMs ?? this.#begunMs;
    // Dated ahead of this clock: nothing can be said of silence, and that is to be said.
    if (this.#last && lastMs - nowMs > skewMaxMs) {
      if (this.#isQuiet) return [];
      this.#isQuiet = true;
      return [clockSkew(this.#last.index, Math.round((lastMs - nowMs) / 1000))];
    }
    if (this.#isQuiet || nowMs - lastMs <= this.#limits.silenceMs) return [];
    this.#isQuiet = true;
    const lastAt = formatInstant(lastMs);
    return [this.#last && isRead ? heartbeatMissing(this.#last.index, lastAt) : stale(lastAt)];
  }

  #refusals({ type, actor, index }: IndexRow, atMs: number): Alert[] {
    if (type !== 'statement.refused' || actor === null) return [];
    const { refusals: most, refusalsWithinMs } = this.#limits;
    const recent = [...(this.#refused.get(actor) ?? []), atMs].filter((ms) => atMs - ms <= refusalsWithinMs);
    // Counted anew after a warning, so that the next one comes with as many more.
    this.#refused.set(actor, recent.length >= most ? [] : recent);
    return recent.length >= most ? [refusals(index, actor, recent.length)] : [];
  }
}

function skews(index: number, atMs: number, { sinceMs, untilMs }: LoggedWithin): Alert[] {
  if (atMs - untilMs > skewMaxMs) return [clockSkew(index, Math.round((atMs - untilMs) / 1000))];
  const behindMs = sinceMs - (atMs + instantMs);
  return behindMs > skewMaxMs ? [clockSkew(index, -Math.round(behindMs / 1000))] : [];
}

function hours(ms: number): number {
  return Math.floor(ms / 3_600_000);
}
