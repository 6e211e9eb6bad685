/** An allotment in a whole room: previews count its runs, the catalogue shows it, and it refuses before the budget does. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verifyState } from '../../src/cli/audit.ts';
import { ask } from '../../src/client/ask.ts';
import { approved, byDistrict, type SmallRoom, smallRoom, uploadResidents } from '../support/small-room.ts';

let room: SmallRoom;
let digest: string;

beforeAll(async () => {
  room = await smallRoom({
    charter: (template) => ({
      ...template,
      populations: template.populations.map((population) => ({
        ...population,
        allotments: [
          { for: { party: 'city' }, rho: '1/4', delta: '1/1000' },
          { for: { each: 'analyst' }, rho: '1/2', delta: '1/1000' },
        ],
      })),
    }),
  });
  const people = Array.from({ length: 900 }, (_, n) => ({ id: `p${n}`, values: ['alpha', '30', n % 2 ? 'f' : 'm'] }));
  await uploadResidents(room, people);
  digest = await approved(room, { ...byDistrict, privacy: { mechanism: 'discreteGaussian', rho: '1/8', k: 5 } });
});
afterAll(() => room.close());

test('two runs are in the city’s part, though the budget would allow eight', async () => {
  const client = room.client('analyst');
  const runsLeft = async () => {
    return (await client.preview({ query: digest, parameters: { sex: 'f' }, unitsPerCell: 300 })).runsLeft;
  };
  expect(await runsLeft()).toBe(2);
  await ask(client, digest, 'planning', { sex: 'f' });
  expect(await runsLeft()).toBe(1);
  await ask(client, digest, 'planning', { sex: 'm' });
  expect(await runsLeft()).toBe(0);
  const { balances } = await client.catalogue();
  const { ref } = client.keys.member;
  expect(balances[0]?.allotments?.map(({ account, loss }) => [account, loss.spent, loss.cap])).toEqual([
    ['person party/city', '1/4', '1/4'],
    [`person analyst/${ref}`, '1/4', '1/2'],
  ]);
  expect(balances[0]?.loss).toEqual({ cap: '1', spent: '1/4' });
  // What was answered is free for ever; anything new is refused by the part, not by the budget.
  expect(await ask(client, digest, 'planning', { sex: 'f' })).toMatchObject({ isRepeat: true });
  const other = await approved(room, {
    ...byDistrict,
    id: 'other',
    privacy: { mechanism: 'discreteGaussian', rho: '1/8', k: 5 },
  });
  await expect(ask(client, other, 'planning', { sex: 'f' })).rejects.toMatchObject({
    code: 'budget-exhausted',
    field: 'allotments',
  });
  expect(await verifyState(room.state)).toMatchObject({ verified: true });
});
