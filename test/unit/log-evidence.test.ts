/** A whole log verified through requests for many objects: few of them, and nothing forged in them gets by. */
import { verifyLog } from '@reinraum/audit';
import { decodeEntry, encodeObjects, ObjectsRequest } from '@reinraum/protocol';
import { beforeAll, expect, test } from 'vitest';
import { type LogOfRoom, logEvidence } from '../../src/client/log-evidence.ts';
import { RoomProblem } from '../../src/client/room-client.ts';
import { type LongLog, longLog } from '../support/long-log.ts';

let log: LongLog;
beforeAll(async () => {
  log = await longLog(1500);
});

type Answer = (objects: (Uint8Array | undefined)[], digests: readonly string[]) => Uint8Array;

/** A room that answers as `answer` says, and what it was asked for. */
function roomOf(answer: Answer = encodeObjects) {
  const requests: (readonly string[])[] = [];
  const room = {
    roomId: log.room,
    public: {
      logFetch: (session: string) => async (path: string) => (session === 'open' ? log.files.get(path) : undefined),
      async fetch(path: string, { method, headers, body }: RequestInit = {}) {
        expect([path, method]).toEqual(['/log/objects', 'POST']);
        expect(headers).toEqual({ 'content-type': 'application/json', 'x-reinraum-session': 'open' });
        const { objects } = ObjectsRequest.parse(JSON.parse(String(body)));
        requests.push(objects);
        return new Response(
          new Uint8Array(
            answer(
              objects.map((digest) => log.objects.get(digest)),
              objects,
            ),
          ),
        );
      },
    },
  };
  return { room: room as unknown as LogOfRoom, requests };
}

/** The digest of the statement of an entry, and the entry. */
function signedAt(from: number): readonly [digest: string, index: number] {
  const digest = decodeEntry(log.entries[from] ?? new Uint8Array()).statements[0]?.digest;
  return digest === undefined ? signedAt(from + 1) : [digest, from];
}

async function verdictOf(answer: Answer) {
  return await verifyLog(await logEvidence(roomOf(answer).room, 'open'));
}

test('with hundreds of objects to a request', async () => {
  const { room, requests } = roomOf();
  expect(await verifyLog(await logEvidence(room, 'open'))).toMatchObject({ verified: true, size: log.size });
  const asked = requests.flat().length;
  expect(asked).toBeGreaterThan(log.signed);
  expect(requests.length).toBeLessThan(asked / 75);
});

test('whatever answers leave out', async () => {
  const few = await verdictOf((objects) => encodeObjects(objects.slice(0, 40)));
  expect(few).toMatchObject({ verified: true, size: log.size });
});

test('a forged or a missing object is named by its rule at its entry', async () => {
  const [digest, entry] = signedAt(900);
  const instead =
    (forged: Uint8Array | undefined): Answer =>
    (objects, digests) =>
      encodeObjects(objects.map((object, at) => (digests[at] === digest ? forged : object)));
  const bent = log.objects.get(digest)?.with(20, 0) ?? new Uint8Array();
  expect(await verdictOf(instead(bent))).toMatchObject({ verified: false, rule: 'object', entry });
  expect(await verdictOf(instead(new Uint8Array()))).toMatchObject({ verified: false, rule: 'object', entry });
  expect(await verdictOf(instead(undefined))).toMatchObject({ verified: false, rule: 'statement', entry });
  // Right objects in another order are wrong ones; the earliest entry that rests on one is named.
  const turned = await verdictOf((objects) => encodeObjects(objects.toReversed()));
  expect(turned).toMatchObject({ verified: false, rule: 'object', entry: 0 });
});

test('an answer that is none proves nothing', async () => {
  const [digest, entry] = signedAt(900);
  const bent =
    (bend: (answer: Uint8Array) => Uint8Array): Answer =>
    (objects, digests) =>
      digests.includes(digest) ? bend(encodeObjects(objects)) : encodeObjects(objects);
  for (const bend of [
    (answer: Uint8Array) => answer.subarray(0, -1),
    (answer: Uint8Array) => Uint8Array.of(...answer, 0, 0, 0, 0),
    () => new Uint8Array(),
  ]) {
    const verdict = await verdictOf(bent(bend));
    expect(verdict).toMatchObject({ verified: false, rule: 'unreadable' });
    // Named at the first entry that rests on the answer.
    expect(verdict).toHaveProperty('entry', expect.any(Number));
    expect((verdict as { entry: number }).entry).toBeLessThanOrEqual(entry);
  }
});

test('a room that says no', async () => {
  const { room } = roomOf(() => {
    throw new RoomProblem(401, { code: 'session-invalid' });
  });
  expect(await verifyLog(await logEvidence(room, 'open'))).toMatchObject({ verified: false, rule: 'unreadable' });
});
