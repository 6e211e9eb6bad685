/** An upload that is not finished in one go, and the enclave gone while it opens the file (killed-process.test.ts for the rest). */
import { randomBytes } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { csvHeader } from '@reinraum/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verifyState } from '../../src/cli/audit.ts';
import { RoomProblem } from '../../src/client/room-client.ts';
import { handOver } from '../../src/steward/hand-over.ts';
import { declare, forge, upload } from '../support/dishonest-steward.ts';
import { type FaultyRoom, faultyRoom } from '../support/faulty-room.ts';
import { residentRecords, residents, residentsHandover, type SmallRoom } from '../support/small-room.ts';
import { verifiedLog } from '../support/verified-log.ts';

let faulty: FaultyRoom;
let room: SmallRoom;
beforeAll(async () => {
  faulty = await faultyRoom();
  room = faulty.room;
});
afterAll(() => faulty.close());

test('a gap is refused, what was confirmed is never written again, and unfinished it is not opened', async () => {
  const { file, manifest } = await forge(room, await declare(room), csvHeader(residents));
  await upload(room, manifest.offer, file.slice(0, 100_000));
  const offset = async () =>
    (await (await room.client('steward').public.fetch(`/uploads/${manifest.offer}`)).json()) as object;
  expect(await offset()).toEqual({ offset: 100_000 });
  // A gap is refused and says where to go on; a piece sent again changes nothing.
  await expect(upload(room, manifest.offer, file.slice(150_000), 150_000)).rejects.toMatchObject({
    code: 'offset-mismatch',
    status: 409,
    offset: 100_000,
  });
  await upload(room, manifest.offer, new Uint8Array(randomBytes(50_000)), 0);
  expect(await offset()).toEqual({ offset: 100_000 });
  await expect(room.client('steward').act('dataset.seal', manifest)).rejects.toMatchObject({
    code: 'upload-incomplete',
  });
  await upload(room, manifest.offer, file.slice(80_000), 80_000);
  expect(new Uint8Array(await readFile(join(room.uploads, manifest.offer)))).toEqual(file);
  const { accepted } = await room.client('steward').act('dataset.seal', manifest);
  expect(JSON.parse(accepted.entry)).toMatchObject({ type: 'dataset.admitted' });
});

test('killed while the sealed file is opened: nothing is admitted, and the same file is handed over again', async () => {
  const { entries } = await verifiedLog(room.state);
  const admitted = entries.findLast(({ type }) => type === 'dataset.admitted');
  const predecessor = admitted?.type === 'dataset.admitted' ? admitted.detail.manifest : null;
  const spool = join(room.directory, 'spool-killed');
  const handingOver = () =>
    handOver({
      client: room.client('steward'),
      schema: residents,
      handover: residentsHandover(2, predecessor),
      records: async function* () {
        yield* residentRecords([40, 30, 20]);
      },
      spool,
    });
  await faulty.killAt('engine');
  const failed = await handingOver().catch((error: unknown) => error);
  await faulty.killed();
  expect(failed).toBeInstanceOf(RoomProblem);
  expect(failed).toMatchObject({ code: 'enclave-failed' });
  const versionTwo = (log: Awaited<ReturnType<typeof verifiedLog>>) =>
    log.entries.filter(({ detail }) => 'version' in detail && detail.version === 2).map(({ type }) => type);
  expect(versionTwo(await verifiedLog(room.state))).toEqual(['dataset.declared']);

  const [sealed] = (await readdir(spool)).filter((name) => name !== 'manifest.json');
  const spooled = await readFile(join(spool, sealed ?? ''));
  const { report } = await handingOver();
  expect(report).toMatchObject({ admitted: true });
  expect(versionTwo(await verifiedLog(room.state))).toEqual(['dataset.declared', 'dataset.admitted']);
  // The bytes were sent again, not sealed anew.
  expect(await readFile(join(room.uploads, sealed ?? ''))).toEqual(spooled);
  await expect(stat(spool)).rejects.toThrow();
});

test('the log verifies and nothing was charged', async () => {
  expect(await verifyState(room.state)).toMatchObject({ verified: true, spent: {} });
});
