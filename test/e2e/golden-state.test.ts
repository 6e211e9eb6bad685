/**
 * Rooms founded by earlier builds open, verify and answer in this one. With `REINRAUM_GOLDEN_STATE=<name>` in the
 * environment a further state is made first, in `test/golden/<name>`: on purpose, whenever the format has grown.
 */
import { join } from 'node:path';
import { proofStateOf } from '@reinraum/audit';
import { ask, askTable, openDetails } from '@reinraum/client';
import { estimatesOf, LogEntry, openDocument } from '@reinraum/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyState } from '../../src/cli/audit.ts';
import { readRoomLog } from '../../src/steward/room-log.ts';
import { type GoldenRoom, goldenFolder, goldenNames, goldenRoom, makeGoldenState } from '../support/golden-state.ts';
import { verifiedLog } from '../support/verified-log.ts';

const wanted = process.env['REINRAUM_GOLDEN_STATE'];
if (wanted) await makeGoldenState(wanted, '90'.repeat(32));
const names = await goldenNames();

test('there is one, and the newest holds every kind of entry', async () => {
  const newest = join(goldenFolder, names.at(-1) ?? '', 'state');
  const { entries } = await verifiedLog(newest);
  const types = LogEntry.options.map((option) => option.shape.type.value);
  const missing = types.filter((type) => !entries.some((entry) => entry.type === type));
  // A rejected dataset and a refused statement leave nothing behind that later builds would have to read but the entry.
  expect(missing.sort()).toEqual(['dataset.rejected', 'statement.refused']);
});

describe.each(names)('%s', (name) => {
  let golden: GoldenRoom;
  beforeAll(async () => {
    golden = await goldenRoom(name);
  });
  afterAll(() => golden.close());

  test('verifies as it was kept', async () => {
    expect(await verifyState(join(goldenFolder, name, 'state'))).toMatchObject({ verified: true });
  });

  test('opens, and delivers its stored answer again byte for byte, to the new key', async () => {
    const { facts } = golden;
    const again = await ask(await golden.client('analyst'), facts.answered, 'planning', { sex: 'f' });
    expect(again.isRepeat).toBe(true);
    expect(again.document).toEqual(facts.document);
    const key = Buffer.from(facts.instance.charter.enclave.signingKey, 'base64');
    await openDocument('release', new Uint8Array(key), again.document);
  });

  test('answers new questions from the sealed file it kept', async () => {
    const { facts } = golden;
    const client = await golden.client('analyst');
    const preview = await client.preview({ query: facts.measured, parameters: {}, unitsPerCell: 150 });
    expect(preview.runsLeft).toBeGreaterThan(0);
    const { release, isRepeat } = await ask(client, facts.measured, 'planning', {});
    expect(isRepeat).toBe(false);
    const alpha = release.cells.find(({ key }) => key[0] === 'alpha');
    const [persons] = alpha ? estimatesOf(alpha, 0) : [];
    // 153 persons, σ 4.5: 60 off would be one in 10^40.
    expect(Math.abs((persons?.value ?? 0) - 153)).toBeLessThan(60);
  });

  test('still opens what is kept beside the log, where its build kept any, and nothing that was erased', async () => {
    const officer = await golden.client('cityDpo');
    const { room } = await readRoomLog(officer);
    const members = [...room.details].filter(([scope]) => scope.startsWith('member/'));
    expect(members.length).toBe(name === 'state-1' ? 0 : 2);
    for (const [scope, { erasedBy }] of members) {
      if (erasedBy !== null) expect(proofStateOf(room, scope)).toEqual({ state: 'erased', entry: erasedBy });
      else {
        const { openings } = await openDetails(officer, scope);
        expect(proofStateOf(room, scope, openings)).toMatchObject({ values: { 'detail/name': 'Erika Beispiel' } });
      }
    }
  });

  test('still knows what was revoked and retracted', async () => {
    const { facts } = golden;
    const client = await golden.client('analyst');
    const { retractions, queries } = await client.catalogue();
    expect(retractions).toHaveLength(1);
    expect(queries.filter(({ revoked }) => revoked)).toHaveLength(1);
    await expect(askTable(client, facts.table, {})).rejects.toMatchObject({ code: 'release-retracted' });
  });

  test('goes on in the same log', async () => {
    const kept = await verifiedLog(join(goldenFolder, name, 'state'));
    const { entries } = await verifiedLog(join(golden.directory, 'state'));
    expect(entries.length).toBeGreaterThan(kept.entries.length);
    expect(entries.slice(0, kept.entries.length)).toEqual(kept.entries);
  });
});
