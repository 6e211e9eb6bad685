/** Forgeries about giving up old entries: snapshots, holds and prunings. */
import { agedAt, agedLog, agedMs, pruningOf } from './aged-log.ts';
import { people } from './fixed-room.ts';
import type { Forge, NamedForgery } from './forgery.ts';
import type { HeldLog } from './honest-log.ts';
import { once } from './once.ts';
import type { DetailAct, Scribe } from './scribe.ts';

type Bend = Parameters<Scribe['detail']>[2];

const { snapshot, later, held, heldNoMore, requested, pruned } = agedAt;

/** The log up to an entry, then this act in its place, made at another place's time where that is said. */
const actAt =
  (place: number, type: DetailAct, bend: Bend | ((log: HeldLog) => Bend) = {}, nowMs = agedMs(place)): Forge =>
  async (log) => {
    const given = typeof bend === 'function' ? bend(log) : bend;
    return [...log.entries.slice(0, place), log.scribe.entry(nowMs, await log.scribe.detail(nowMs, type, given))];
  };

const bureau = { person: people.bureauDpo };
const second = { ...bureau, caused: requested };
const otherState = { state: '66'.repeat(32) };

/** Name, rule, entry, forgery. */
const forged: readonly (readonly [string, string, number, Forge])[] = [
  ['a snapshot of another state', 'retention', snapshot, actAt(snapshot, 'log.snapshot', { detail: otherState })],
  [
    'a snapshot by an owner',
    'role',
    snapshot,
    actAt(snapshot, 'log.snapshot', { person: people.steward, detail: otherState }),
  ],
  ['a hold on the log by an owner', 'role', held, actAt(held, 'log.held', { person: people.steward })],
  [
    'a hold on the log that its statement lifts',
    'statement',
    held,
    actAt(held, 'log.held', { detail: { held: false } }),
  ],
  [
    'a pruning asked for while the log is held',
    'retention',
    heldNoMore,
    actAt(heldNoMore, 'log.prune-requested', (log) => ({ body: pruningOf(log) })),
  ],
  [
    'a pruning asked for before the years are over',
    'retention',
    held,
    actAt(held, 'log.prune-requested', (log) => ({ body: pruningOf(log) }), agedMs(later)),
  ],
  [
    'a pruning asked for before what is no snapshot',
    'retention',
    requested,
    actAt(requested, 'log.prune-requested', (log) => ({ body: { ...pruningOf(log), snapshot: agedAt.started } })),
  ],
  [
    'a pruning asked for by who has found another state',
    'retention',
    requested,
    actAt(requested, 'log.prune-requested', (log) => ({ body: { ...pruningOf(log), ...otherState } })),
  ],
  [
    'a pruning asked for by an owner',
    'role',
    requested,
    actAt(requested, 'log.prune-requested', (log) => ({ body: pruningOf(log), person: people.steward })),
  ],
  [
    'a pruning asked for further than was signed',
    'statement',
    requested,
    actAt(requested, 'log.prune-requested', (log) => ({ body: pruningOf(log), detail: { snapshot: later } })),
  ],
  [
    'a pruning nobody asked for',
    'retention',
    requested,
    actAt(requested, 'log.pruned', (log) => ({ body: pruningOf(log), ...bureau })),
  ],
  [
    'a pruning by one party alone',
    'retention',
    pruned,
    actAt(pruned, 'log.pruned', (log) => ({ body: pruningOf(log), caused: requested })),
  ],
  [
    'a pruning of more than was asked for',
    'retention',
    pruned,
    actAt(pruned, 'log.pruned', (log) => ({ body: pruningOf(log, later), ...second })),
  ],
  [
    'a pruning that its statement does not say',
    'statement',
    pruned,
    actAt(pruned, 'log.pruned', (log) => ({ body: pruningOf(log), detail: pruningOf(log, later), ...second })),
  ],
  [
    'a pruning that follows from another entry',
    'retention',
    pruned,
    actAt(pruned, 'log.pruned', (log) => ({ body: pruningOf(log), ...bureau, caused: heldNoMore })),
  ],
  [
    'a pruning long after it was asked for',
    'retention',
    pruned,
    actAt(pruned, 'log.pruned', (log) => ({ body: pruningOf(log), ...second }), agedMs(pruned) + 8 * 86_400_000),
  ],
  [
    'what is pruned pruned once more',
    'retention',
    pruned + 1,
    actAt(pruned + 1, 'log.prune-requested', (log) => ({ body: pruningOf(log) })),
  ],
];

const aged = once(agedLog);

/** All of them. */
export const forgedRetention: readonly NamedForgery[] = forged.map(([name, rule, entry, forge]) => ({
  name,
  rule,
  entry,
  of: aged,
  forge,
}));
