/** A wrong answer is taken back: by whom, what its readers are told, and what becomes of the question. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verifyState } from '../../src/cli/audit.ts';
import { type Answered, ask } from '../../src/client/ask.ts';
import { retractionNotice, retractionsFor, retractRelease } from '../../src/client/lifecycle.ts';
import {
  approved,
  residentRecords,
  residentsHandover,
  type SmallRoom,
  smallRoom,
  uploadResidents,
} from '../support/small-room.ts';
import { verifiedLog } from '../support/verified-log.ts';

let room: SmallRoom;
let query: string;
let answered: Answered;
beforeAll(async () => {
  room = await smallRoom();
  await uploadResidents(room, residentRecords([100, 50, 20]));
  query = await approved(room);
  answered = await ask(room.client('analyst'), query, 'planning', { sex: 'f' });
});
afterAll(() => room.close());

const put = (sex: string) => ask(room.client('analyst'), query, 'planning', { sex });

test('an owner of another dataset, an analyst, and whoever names no release are refused', async () => {
  const { charged } = answered.release;
  const refused = (person: 'bureauSteward' | 'analyst' | 'steward', charge: number) =>
    retractRelease(room.client(person), charge, 'other');
  await expect(refused('bureauSteward', charged)).rejects.toMatchObject({ code: 'dataset-not-owned' });
  await expect(refused('analyst', charged)).rejects.toMatchObject({ code: 'role-missing' });
  await expect(refused('steward', charged - 1)).rejects.toMatchObject({ code: 'release-unknown', field: 'charge' });
  expect((await room.client('analyst').catalogue()).retractions).toEqual([]);
});

test('the owner retracts: the log and the catalogue say so to the readers, and nothing is given back', async () => {
  const { charged } = answered.release;
  const before = (await room.client('analyst').catalogue()).balances;
  const accepted = await retractRelease(room.client('steward'), charged, 'wrong-data');
  const { retractions, balances } = await room.client('analyst').catalogue();
  const { entries } = await verifiedLog(room.state);
  expect(entries[accepted.index]).toMatchObject({
    type: 'release.retracted',
    caused: answered.accepted.index,
    detail: { query, charge: charged, recipient: 'city/planning', reason: 'wrong-data' },
  });
  expect(balances).toEqual(before);
  expect(retractions).toEqual([
    {
      release: answered.accepted.index,
      charge: charged,
      query,
      recipient: 'city/planning',
      reason: 'wrong-data',
      at: entries[accepted.index]?.at,
    },
  ]);
  expect(retractionsFor({ retractions }, 'city/planning')).toEqual(retractions);
  expect(retractionsFor({ retractions }, 'city/statistics')).toEqual([]);
  const notices = retractions.map(retractionNotice);
  expect(notices[0]?.de).toContain(`Abbuchung ${charged}`);
  expect(notices[0]?.en).toContain('wrong data');
  await expect(retractRelease(room.client('cityDpo'), charged, 'legal')).rejects.toMatchObject({
    code: 'release-retracted',
  });
});

test('the same question is refused, neither repeated nor computed anew, also after a restart', async () => {
  const spent = async () => (await verifiedLog(room.state)).spent.loss;
  await expect(put('f')).rejects.toMatchObject({ code: 'release-retracted', field: 'query', status: 422 });
  expect(await spent()).toBe('1/8');
  expect((await put('m')).isRepeat).toBe(false);
  const { door, enclave } = await room.rooms.room('small');
  door.close();
  await enclave.exited;
  await expect(put('f')).rejects.toMatchObject({ code: 'release-retracted' });
  expect(await spent()).toBe('1/4');
});

test('about a new version of the dataset it is a new question', async () => {
  const { datasets } = await room.client('steward').catalogue();
  await uploadResidents(room, residentRecords([90, 50, 20]), residentsHandover(2, datasets[0]?.manifest ?? null));
  const anew = await put('f');
  expect(anew.isRepeat).toBe(false);
  expect(anew.release.datasets[0]?.version).toBe(2);
  // A dpo of the other party retracts as well.
  await retractRelease(room.client('bureauDpo'), anew.release.charged, 'wrong-method');
  await expect(put('f')).rejects.toMatchObject({ code: 'release-retracted' });
  expect(await verifyState(room.state)).toMatchObject({ verified: true, spent: { person: { loss: '3/8' } } });
});

test('asked twice at once, taking back the earlier of the two answers takes back both', async () => {
  const twins = await Promise.all([put('m'), put('m')]);
  const [earlier = 0, later = 0] = twins.map(({ release }) => release.charged).sort((one, other) => one - other);
  expect(later).toBeGreaterThan(earlier);
  expect((await put('m')).release.charged).toBe(later);
  const before = (await room.client('analyst').catalogue()).balances;
  await retractRelease(room.client('steward'), earlier, 'wrong-data');
  await expect(put('m')).rejects.toMatchObject({ code: 'release-retracted' });
  expect((await room.client('analyst').catalogue()).balances).toEqual(before);
});
