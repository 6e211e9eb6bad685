/** Sealed files that are not what their manifest names: cut, altered, moved, exchanged, for another room. None is opened. */
import { concat, csvHeader, digestOf } from '@reinraum/protocol';
import nacl from 'tweetnacl';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyState } from '../../src/cli/audit.ts';
import { ask } from '../../src/client/ask.ts';
import {
  chunksOf,
  type Declared,
  declare,
  type Forged,
  type Forgery,
  forge,
  upload,
} from '../support/dishonest-steward.ts';
import { pseudonym } from '../support/pseudonym.ts';
import { expectRefused } from '../support/raw-statement.ts';
import {
  approved,
  debtors,
  residentRecords,
  residents,
  type SmallRoom,
  smallRoom,
  uploadResidents,
} from '../support/small-room.ts';
import { refusedCodes, verifiedLog } from '../support/verified-log.ts';

const marker = 'MARKER4711';
const header = csvHeader(residents);
const rows = (count: number) => Array.from({ length: count }, () => `${pseudonym()},alpha,30,f\n`).join('');

let room: SmallRoom;
beforeAll(async () => {
  room = await smallRoom();
});
afterAll(() => room.close());

const submission = async (manifest: Forged['manifest']) => ({
  envelope: await room.client('steward').sign('dataset.seal', manifest),
});

describe('a sealed file that is not the one its manifest names is refused and nothing of it is kept', () => {
  const file = (bend: (file: Uint8Array, at: ReturnType<typeof chunksOf>) => Uint8Array) => (forged: Forged) => ({
    ...forged,
    file: bend(forged.file, chunksOf(forged.file)),
  });
  const flipped = (bytes: Uint8Array, at: number) => {
    const copy = bytes.slice();
    copy[at] = (copy[at] ?? 0) ^ 1;
    return copy;
  };
  const manifest = (changes: Partial<Forged['manifest']>) => (forged: Forged) => ({
    ...forged,
    manifest: { ...forged.manifest, ...changes },
  });
  const cases: [name: string, bend: (forged: Forged) => Forged, code?: string][] = [
    ['empty', file(() => Uint8Array.of(0)), 'upload-incomplete'],
    ['cut in its head', file((bytes, { from }) => bytes.slice(0, from - 40)), 'upload-incomplete'],
    ['cut right behind its head', file((bytes, { from }) => bytes.slice(0, from)), 'upload-incomplete'],
    [
      'cut inside a chunk',
      file((bytes, { from, chunkBytes }) => bytes.slice(0, from + chunkBytes + 1000)),
      'upload-incomplete',
    ],
    [
      'without its last chunk',
      file((bytes, { from, chunkBytes }) => bytes.slice(0, from + 3 * chunkBytes)),
      'upload-incomplete',
    ],
    ['without its last byte', file((bytes) => bytes.slice(0, -1))],
    ['with one byte more', file((bytes) => concat(bytes, Uint8Array.of(0)))],
    ['with a flipped bit in its magic', file((bytes) => flipped(bytes, 3))],
    ['with a flipped bit in its header', file((bytes) => flipped(bytes, 60))],
    ['with a flipped bit in its wrapped key', file((bytes, { from }) => flipped(bytes, from - 60))],
    ['with a flipped bit in its key commitment', file((bytes, { from }) => flipped(bytes, from - 5))],
    ['with a flipped bit in its first chunk', file((bytes, { from }) => flipped(bytes, from))],
    ['with a flipped bit in its last tag', file((bytes) => flipped(bytes, bytes.length - 1))],
    [
      'with two chunks exchanged',
      file((bytes, { from, chunkBytes: size }) =>
        concat(
          bytes.slice(0, from),
          bytes.slice(from + size, from + 2 * size),
          bytes.slice(from, from + size),
          bytes.slice(from + 2 * size),
        ),
      ),
    ],
    [
      'with a chunk twice',
      file((bytes, { from, chunkBytes: size }) => concat(bytes.slice(0, from + size), bytes.slice(from))),
    ],
    [
      'without its second chunk',
      file((bytes, { from, chunkBytes: size }) => concat(bytes.slice(0, from + size), bytes.slice(from + 2 * size))),
      'upload-incomplete',
    ],
    ['under a manifest with another header', manifest({ header: 'ab'.repeat(32) })],
    ['under a manifest with another digest', manifest({ sealed: 'ab'.repeat(32) })],
    ['under a manifest with another number of chunks', manifest({ chunks: 3 })],
  ];

  test.each(cases)('%s', async (_name, bend, code) => {
    const bent = bend(await forge(room, await declare(room), header + rows(20)));
    await refusedAs(bent, code);
  });

  async function refusedAs(bent: Forged, code = 'seal-invalid') {
    await upload(room, bent.manifest.offer, bent.file);
    await expectRefused(room, await submission(bent.manifest), { code, absent: [marker] });
    const log = await verifiedLog(room.state);
    expect(refusedCodes(log).at(-1)).toBe(code);
    expect(log.entries.some(({ type }) => type === 'dataset.admitted')).toBe(false);
  }

  const forgeries: [name: string, forgery: (declared: Declared) => Forgery, csv?: (bytes: number) => string][] = [
    ['for another room', () => ({ header: (honest) => ({ ...honest, room: 'ab'.repeat(32) }) })],
    ['for another version', () => ({ header: (honest) => ({ ...honest, version: 2 }) })],
    ['for another dataset', () => ({ header: (honest) => ({ ...honest, dataset: 'debtors' }) })],
    ['under another schema', () => ({ header: (honest) => ({ ...honest, schema: digestOf(debtors) }) })],
    [
      'in another steward’s name',
      () => ({ header: (honest) => ({ ...honest, steward: room.people.bureauSteward.member.ref }) }),
    ],
    ['for another offer', () => ({ header: (honest) => ({ ...honest, offer: 'ab'.repeat(32) }) })],
    ['with a field too many in its header', () => ({ header: (honest) => ({ ...honest, note: marker }) })],
    ['sealed to a key of somebody else', () => ({ recipient: nacl.box.keyPair().publicKey })],
    ['without padding', () => ({ unpadded: true }), (bytes) => `${header}${rows(3)}`.padEnd(bytes, '\n')],
    [
      'with something behind its padding',
      () => ({ unpadded: true }),
      (bytes) => `${header}${rows(3)}\0\0${marker}`.padEnd(bytes, '\0'),
    ],
  ];

  test.each(forgeries)('%s', async (_name, forgery, csv) => {
    const declared = await declare(room);
    await refusedAs(
      await forge(room, declared, csv?.(declared.offer.plaintextBytes) ?? header + rows(20), forgery(declared)),
    );
  });

  test('two good files exchanged', async () => {
    const first = await forge(room, await declare(room), header + rows(20));
    const second = await forge(room, await declare(room), header + rows(20));
    await refusedAs({ file: first.file, manifest: second.manifest });
  });

  test('a chunk of another good file in its place', async () => {
    const declared = await declare(room);
    const [one, other] = [await forge(room, declared, header + rows(9)), await forge(room, declared, header + rows(9))];
    const { from, chunkBytes } = chunksOf(one.file);
    const mixed = concat(
      one.file.slice(0, from),
      other.file.slice(from, from + chunkBytes),
      one.file.slice(from + chunkBytes),
    );
    await refusedAs({ ...one, file: mixed });
  });
});

test('the same version is declared again, handed over, asked and verified', async () => {
  const { report } = await uploadResidents(room, residentRecords([60, 40, 30]));
  expect(report).toMatchObject({ admitted: true, total: 0 });
  const { release } = await ask(room.client('analyst'), await approved(room), 'planning', { sex: 'f' });
  expect(release.datasets).toMatchObject([{ dataset: 'residents', version: 1 }]);
  expect(await verifyState(room.state)).toMatchObject({ verified: true, spent: { person: { loss: '1/8' } } });
});
