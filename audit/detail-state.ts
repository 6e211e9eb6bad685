/** What a reader sees of details: proved and open, proved and sealed, proved and erased, or wrong (docs/spec/details.md §4). */
import { commit, type Opening } from '@reinraum/protocol';
import type { Room } from './room.ts';

/** One of the four states; `entry` is where the commitments stand, or where they were erased. */
export type ProofState =
  | { readonly state: 'open'; readonly entry: number; readonly values: Readonly<Record<string, string>> }
  | { readonly state: 'sealed'; readonly entry: number }
  | { readonly state: 'erased'; readonly entry: number }
  | { readonly state: 'failed'; readonly field: string };

/**
 * The state of a scope in a verified room, with what somebody says opens it. Undefined where the log knows nothing of the scope.
 * An opening of some of the fields is selective and as good; one of a field that was never committed, or with another value, fails.
 */
export function proofStateOf(
  room: Room,
  scope: string,
  openings?: Readonly<Record<string, Opening>>,
): ProofState | undefined {
  const known = room.details.get(scope);
  if (!known) return undefined;
  if (known.erasedBy !== null) return { state: 'erased', entry: known.erasedBy };
  const given = Object.entries(openings ?? {});
  if (given.length === 0) return { state: 'sealed', entry: known.entry };
  for (const [field, opening] of given) {
    const committed = known.fields.find(({ name }) => name === field);
    if (!committed || !opens(field, opening, committed.commitment)) return { state: 'failed', field };
  }
  return {
    state: 'open',
    entry: known.entry,
    values: Object.fromEntries(given.map(([field, { value }]) => [field, value])),
  };
}

/** Whether the log says that the details of a scope are erased. */
export function isErased(room: Room, scope: string): boolean {
  return (room.details.get(scope)?.erasedBy ?? null) !== null;
}

function opens(name: string, opening: Opening, commitment: string): boolean {
  try {
    return commit(name, opening) === commitment;
  } catch {
    return false;
  }
}
