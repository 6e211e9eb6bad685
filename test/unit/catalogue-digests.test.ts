/** What a gateway shows under a digest: the tools take only what the digest stands for. */
import { Replay } from '@reinraum/audit';
import { canonicalBytes } from '@reinraum/protocol';
import { beforeAll, expect, test, vi } from 'vitest';
import { catalogueOf } from '../../enclave/catalogue.ts';
import { RoomClient } from '../../src/client/room-client.ts';
import { people } from '../support/fixed-room.ts';
import { honestLog } from '../support/honest-log.ts';
import { template } from '../support/small-room.ts';

type Shown = ReturnType<typeof catalogueOf>;
let honest: Shown;
beforeAll(async () => {
  const { entries, scribe } = await honestLog(template('64'));
  const replay = new Replay(async (digest) => scribe.objects.get(digest));
  for (const entry of entries) await replay.apply(canonicalBytes(entry));
  if (!replay.room) throw new Error('the log has no room');
  honest = catalogueOf(replay.room, replay.size);
});

/** What a member's tool makes of a catalogue. */
async function taken(catalogue: object) {
  const keys = { ...people.cityDpo, readingSecret: new Uint8Array(32), pseudonymKey: null };
  const client = new RoomClient({ url: 'http://127.0.0.1', room: 'small' }, honest.charter, keys);
  vi.spyOn(client.public, 'fetch').mockResolvedValue(new Response(JSON.stringify(catalogue)));
  return client.catalogue('session');
}

test('an honest catalogue is taken', async () => {
  expect(honest.queries.length).toBeGreaterThan(0);
  expect((await taken(honest)).queries).toHaveLength(honest.queries.length);
});

test.each<[string, (shown: Shown) => object]>([
  ['another question', ({ queries }) => ({ queries: queries.map((one) => ({ ...one, query: { id: 'harmless' } })) })],
  ['another charter', ({ charter }) => ({ charter: { ...charter, notice: charter.title } })],
  ['another table', () => ({ tables: [{ digest: '88'.repeat(32), table: { id: 'x' }, revoked: false, missing: [] }] })],
])('%s under a digest is not', async (_name, bend) => {
  await expect(taken({ ...honest, ...bend(honest) })).rejects.toThrow(/not the one of its digest/);
});
