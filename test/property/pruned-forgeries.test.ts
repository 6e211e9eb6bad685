/**
 * Logs whose first bundle is gone. An operator who holds the log's key, and makes up what stood there, is not believed: what may be
 * gone is said by officers of the charter, behind the snapshot and for its digest.
 */
import { encodeSnapshot, Replay, verifyLog } from '@reinraum/audit';
import { canonicalBytes, type LogEntry, type Snapshot, utf8 } from '@reinraum/protocol';
import { beforeAll, describe, expect, test } from 'vitest';
import { Follower, Unreachable } from '../../src/watch/follower.ts';
import { type FixedMember, fixedCharter, fixedMember, people } from '../support/fixed-room.ts';
import { momentMs } from '../support/honest-log.ts';
import { Scribe } from '../support/scribe.ts';
import { filesOf } from '../support/signed-files.ts';

const at = { snapshot: 256, requested: 257, pruned: 258 } as const;
const laterMs = momentMs(at.snapshot) + (5 * 365 + 3) * 86_400_000;
let scribe: Scribe;
let honest: Snapshot;
let first: readonly LogEntry[];

beforeAll(async () => {
  scribe = new Scribe(fixedCharter());
  const refused = { type: 'statement.refused', activity: 'verwalten' } as const;
  const detail = { statement: 'session.open', code: 'role-missing' } as const;
  first = [
    scribe.entry(momentMs(0), await scribe.founded(momentMs(0))),
    scribe.entry(momentMs(1), await scribe.started(momentMs(1))),
    ...Array.from({ length: at.snapshot - 2 }, (_, n) => scribe.entry(momentMs(n + 2), { ...refused, detail })),
  ];
  const replay = new Replay(async (digest) => scribe.objects.get(digest));
  for (const entry of first) await replay.apply(canonicalBytes(entry));
  honest = replay.snapshot();
});

interface Story {
  readonly snapshot?: Snapshot;
  readonly officers?: readonly [FixedMember, FixedMember];
  /** Digest the officers sign; that of the snapshot where none is given. */
  readonly signed?: string;
  readonly acts?: readonly ('requested' | 'pruned')[];
  readonly caused?: number;
}

/** Files of a log that begins with this snapshot. */
async function filesFor(story: Story = {}): Promise<Map<string, Uint8Array>> {
  const { snapshot = honest, officers = [people.cityDpo, people.bureauDpo], acts = ['requested', 'pruned'] } = story;
  const { bytes, digest } = encodeSnapshot(snapshot);
  scribe.objects.set(digest, bytes);
  const body = { snapshot: at.snapshot, state: story.signed ?? digest };
  const [one, other] = officers;
  const takenMs = momentMs(at.snapshot);
  const entries = [
    scribe.entry(takenMs, await scribe.detail(takenMs, 'log.snapshot', { person: one, detail: { state: digest } })),
  ];
  if (acts.includes('requested')) {
    entries.push(scribe.entry(laterMs, await scribe.detail(laterMs, 'log.prune-requested', { person: one, body })));
  }
  if (acts.includes('pruned')) {
    const caused = story.caused ?? at.requested;
    entries.push(scribe.entry(laterMs, await scribe.detail(laterMs, 'log.pruned', { person: other, body, caused })));
  }
  const gone = Array.from({ length: at.snapshot }, (_, n) => utf8(`made up ${n}`));
  const files = await filesOf(scribe.room, [...gone, ...entries.map(canonicalBytes)]);
  files.delete('tile/entries/000');
  return files;
}

/** What a verifier says of it. */
async function verdictOf(story: Story = {}) {
  const files = await filesFor(story);
  return verifyLog({
    fetch: async (path) => files.get(path),
    readObject: async (digest) => scribe.objects.get(digest),
    room: scribe.room,
  });
}

const withRetention = (change: Partial<Snapshot['retention']>): Snapshot => ({
  ...honest,
  retention: { ...honest.retention, ...change },
});

test('begins at the snapshot for which officers of two parties have signed', async () => {
  expect(await verdictOf()).toMatchObject({ verified: true, from: at.snapshot, size: at.pruned + 1 });
});

describe('whoever watches it', () => {
  const followed = (files: ReadonlyMap<string, Uint8Array>, failing: number) => {
    const told: number[] = [];
    let reads = 0;
    const log = {
      fetch: async (path: string) => files.get(path),
      async readObject(digest: string) {
        if (++reads === failing) throw new Unreachable('no line');
        return scribe.objects.get(digest);
      },
    };
    return { told, follower: new Follower(log, scribe.room, ({ row }) => void told.push(row.index)) };
  };

  test('is told of it from the snapshot on, each entry once, wherever the line broke', async () => {
    const files = await filesFor();
    for (let failing = 1; failing < 12; failing++) {
      const { told, follower } = followed(files, failing);
      const looks: unknown[] = [];
      for (let n = 0; n < 3; n++) looks.push(await follower.look().catch((error: unknown) => error));
      expect(looks.filter((look) => look instanceof Unreachable).length).toBeLessThanOrEqual(1);
      expect(looks.at(-1)).toMatchObject({ found: 'same' });
      expect(told).toEqual([at.snapshot, at.requested, at.pruned]);
    }
  });

  test('is told of no entry where nobody has pruned, however often they look', async () => {
    const { told, follower } = followed(await filesFor({ acts: ['requested'] }), 0);
    for (let n = 0; n < 2; n++)
      expect(await follower.look()).toMatchObject({ found: 'alert', alert: { subject: 'bundle-missing' } });
    expect(told).toEqual([]);
  });
});

describe('is not believed', () => {
  test.each<readonly [string, readonly ('requested' | 'pruned')[]]>([
    ['nothing', []],
    ['a request alone', ['requested']],
  ])('with %s behind it', async (_name, acts) => {
    expect(await verdictOf({ acts })).toMatchObject({ verified: false, rule: 'bundle-missing', entry: 0 });
  });

  test.each([
    { snapshot: at.snapshot, request: at.requested, by: at.pruned },
    { snapshot: 10, request: 11, by: 12 },
  ])('for what the snapshot says was pruned: %o', async (pruned) => {
    const verdict = await verdictOf({ snapshot: withRetention({ pruned }), acts: [] });
    expect(verdict).toMatchObject({ verified: false, rule: pruned.by > at.snapshot ? 'retention' : 'bundle-missing' });
  });

  test('with a request that only the snapshot knows, and one signature', async () => {
    const expiresAt = '2099-01-01T00:00:00Z';
    const request = { by: people.cityDpo.member.ref, snapshot: at.snapshot, expiresAt, index: 20 };
    for (const made of [request, { ...request, snapshot: 10 }]) {
      const story = { snapshot: withRetention({ request: made }), acts: ['pruned'], caused: 20 } as const;
      expect(await verdictOf(story)).toMatchObject({ verified: false, rule: 'retention' });
    }
  });

  test('under keys that only the snapshot knows', async () => {
    const officers = [people.cityDpo, people.bureauDpo].map(({ member }) => {
      const own = fixedMember(`not ${member.ref}`, member.unit, ['dpo']);
      return { ...own, member: { ...own.member, ref: member.ref } };
    }) as unknown as readonly [FixedMember, FixedMember];
    const members = honest.members.map((one) => officers.find(({ member }) => member.ref === one.ref)?.member ?? one);
    expect(await verdictOf({ snapshot: { ...honest, members }, officers })).toMatchObject({
      verified: false,
      rule: 'retention',
      entry: at.snapshot,
    });
  });

  test('by an officer whom only the snapshot made one', async () => {
    const members = honest.members.map((one) =>
      one.ref === people.steward.member.ref ? { ...one, roles: ['dpo' as const] } : one,
    );
    const officers = [people.steward, people.bureauDpo] as const;
    expect(await verdictOf({ snapshot: { ...honest, members }, officers })).toMatchObject({
      verified: false,
      rule: 'retention',
    });
  });

  test('with another state than the officers have signed: a used statement left out', async () => {
    const forged = {
      ...honest,
      used: [{ id: '019cad8f-ac00-7000-8000-00000000ffff', expiresAt: '2099-01-01T00:00:00Z' }],
    };
    const signed = encodeSnapshot(honest).digest;
    expect(await verdictOf({ snapshot: forged, signed })).toMatchObject({ verified: false, rule: 'retention' });
  });

  test('where the entries are of another room than the one it is signed for', async () => {
    const other = new Scribe({ ...fixedCharter(), id: 'other' });
    const entries = [
      other.entry(momentMs(0), await other.founded(momentMs(0))),
      other.entry(momentMs(1), await other.started(momentMs(1))),
    ];
    const files = await filesOf(scribe.room, entries.map(canonicalBytes));
    const objects = new Map([...scribe.objects, ...other.objects]);
    for (const room of [undefined, scribe.room]) {
      const verdict = await verifyLog({
        fetch: async (path) => files.get(path),
        readObject: async (digest) => objects.get(digest),
        ...(room === undefined ? {} : { room }),
      });
      expect(verdict).toMatchObject({ verified: false, rule: 'room', entry: 0 });
    }
  });
});
