/** What members do with details kept beside the log: describe, open, hold, erase (docs/spec/details.md). */
import {
  type DetailState,
  isErased,
  mayDescribe,
  mayRequestErasure,
  type Room,
  requestSeconded,
} from '@reinraum/audit';
import {
  commitDetail,
  DescribedDetails,
  formatInstant,
  keptText,
  type Opening,
  type StatementOf,
} from '@reinraum/protocol';
import { type Authorised, by, checkUnused, RefusedAct } from './authorise.ts';
import type { Ledger, Logged } from './ledger.ts';
import type { DetailStore } from './vault/details.ts';
import type { ReleaseStore } from './vault/releases.ts';

type Act<Type extends 'detail.describe' | 'detail.open' | 'detail.hold' | 'detail.erase'> = Authorised & {
  readonly statement: StatementOf<Type>;
};

/** What handling details works with. */
export interface DetailDesk {
  readonly ledger: Ledger;
  readonly details: DetailStore;
  readonly releases: ReleaseStore;
  readonly clock: () => number;
}

/** Keeps what opens the commitments of a description. Throws {@link RefusedAct}. */
export async function describe(
  desk: DetailDesk,
  room: Room,
  act: Act<'detail.describe'>,
  object: unknown,
): Promise<Logged> {
  const { body } = act.statement;
  const openings = openingsOf(act, object);
  return desk.ledger.exclusive(async (append) => {
    checkUnused(room, act);
    const of = room.members.get(body.member);
    if (!of) throw new RefusedAct('member-unknown', 'member', act);
    if (!mayDescribe(act.member, of)) throw new RefusedAct('role-missing', 'member', act);
    const scope = `member/${body.member}`;
    if (isErased(room, scope)) throw new RefusedAct('detail-erased', 'member', act);
    const logged = await append({ type: 'detail.described', activity: 'erheben', ...by(act), detail: body });
    await desk.details.put(scope, keptText(scope, openings));
    return logged;
  });
}

/** The openings of a description under the names they were committed with. */
function openingsOf(act: Act<'detail.describe'>, object: unknown): Record<string, Opening> {
  const parsed = DescribedDetails.safeParse(object);
  const { fields } = act.statement.body;
  const given = parsed.success ? parsed.data.openings : {};
  const isWhole = parsed.success && Object.keys(given).length === fields.length;
  return Object.fromEntries(
    fields.map(({ name, commitment }) => {
      const opening = given[name];
      if (!isWhole || !opening || commitDetail(name, opening) !== commitment) {
        throw new RefusedAct('commitment-mismatch', 'object', act);
      }
      return [`detail/${name}`, opening];
    }),
  );
}

/** Logs that an officer reads details, and returns their text. Throws {@link RefusedAct}. */
export async function openDetails(
  { ledger, details }: DetailDesk,
  room: Room,
  act: Act<'detail.open'>,
): Promise<{ readonly logged: Logged; readonly text: string }> {
  const { scope } = act.statement.body;
  return ledger.exclusive(async (append) => {
    checkUnused(room, act);
    keptIn(room, act, scope);
    const text = await details.get(scope);
    // Committed but not kept: it was lost in a crash, or an older copy was put back.
    if (text === undefined) throw new RefusedAct('detail-unknown', 'scope', act);
    return {
      logged: await append({ type: 'detail.opened', activity: 'offenlegen', ...by(act), detail: { scope } }),
      text,
    };
  });
}

/** Holds details, so that nobody erases them, or lifts the hold. Throws {@link RefusedAct}. */
export async function hold({ ledger }: DetailDesk, room: Room, act: Act<'detail.hold'>): Promise<Logged> {
  const { body } = act.statement;
  return ledger.exclusive(async (append) => {
    checkUnused(room, act);
    keptIn(room, act, body.scope);
    return append({ type: 'detail.held', activity: 'verwalten', ...by(act), detail: body });
  });
}

/** Asks for an erasure or, as the second person, does it: all that holds them is destroyed before this returns. Throws {@link RefusedAct}. */
export async function erase(desk: DetailDesk, room: Room, act: Act<'detail.erase'>): Promise<Logged> {
  const { scope, reason } = act.statement.body;
  return desk.ledger.exclusive(async (append) => {
    checkUnused(room, act);
    const known = keptIn(room, act, scope);
    if (known.held) throw new RefusedAct('detail-held', 'scope', act);
    const common = { ...by(act), detail: { scope, reason } };
    const request = requestSeconded(known, act.member, reason, formatInstant(desk.clock()));
    if (request) {
      const logged = await append({ type: 'detail.erased', activity: 'loeschen', caused: request.index, ...common });
      await destroy(desk, scope, known);
      return logged;
    }
    if (!mayRequestErasure(act.member, scope)) throw new RefusedAct('role-missing', 'scope', act);
    return append({ type: 'detail.erasure-requested', activity: 'verwalten', ...common });
  });
}

/** Erases again what the log says is erased: after a crash in between, and from a copy that was put back. */
export async function eraseErased(desk: DetailDesk, room: Room): Promise<void> {
  for (const [scope, known] of room.details) if (known.erasedBy !== null) await destroy(desk, scope, known);
}

/** Details, and the stored release of a run: it holds the same parameters. */
async function destroy({ details, releases }: DetailDesk, scope: string, { charge }: DetailState): Promise<void> {
  if (charge !== null) await releases.destroy(charge);
  await details.erase(scope);
}

function keptIn(room: Room, act: Authorised, scope: string): DetailState {
  const known = room.details.get(scope);
  if (!known) throw new RefusedAct('detail-unknown', 'scope', act);
  if (known.erasedBy !== null) throw new RefusedAct('detail-erased', 'scope', act);
  return known;
}
