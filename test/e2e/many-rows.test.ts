/** A dataset with several rows a unit through a whole room: no question without a bound, and never more than the bound. */

import { join } from 'node:path';
import { AggregateQuery, DatasetSchema, digestOf, type Json } from '@reinraum/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verifyState } from '../../src/cli/audit.ts';
import { ask } from '../../src/client/ask.ts';
import { handOver } from '../../src/steward/hand-over.ts';
import type { SourceRecord } from '../../src/steward/records.ts';
import {
  approved,
  byDistrict,
  residents,
  residentsHandover,
  type SmallRoom,
  smallRoom,
} from '../support/small-room.ts';

const schema = DatasetSchema.parse({ ...residents, rowsPerUnit: 'many' });
// 400 persons with five rows each in alpha, all the same; 300 with two rows in beta; one with 900 rows, in beta too.
const records = (): SourceRecord[] => [
  ...Array.from({ length: 2000 }, (_, n) => ({ id: `a${n % 400}`, values: ['alpha', '30', 'f'] })),
  ...Array.from({ length: 600 }, (_, n) => ({ id: `b${n % 300}`, values: ['beta', '40', n < 300 ? 'f' : null] })),
  ...Array.from({ length: 900 }, () => ({ id: 'one', values: ['beta', '50', 'm'] })),
];
const { params: _params, where: _where, ...bare } = byDistrict;
const asking = (bend: object) =>
  AggregateQuery.parse({
    ...bare,
    groupBy: [{ column: 'r.district', as: 'district' }],
    measures: [
      { as: 'persons', fn: 'count' },
      { as: 'cases', fn: 'countRows' },
      { as: 'years', fn: 'sum', column: 'r.age', clamp: [0, 100] },
      { as: 'ages', fn: 'countDistinct', column: 'r.age' },
    ],
    privacy: { mechanism: 'discreteGaussian', rho: '40', k: 5 },
    ...bend,
  });

let room: SmallRoom;
beforeAll(async () => {
  room = await smallRoom({ rho: '1000', schema });
  const source = async function* () {
    yield* records();
  };
  const handover = { ...residentsHandover(), schema: digestOf(schema) };
  const client = room.client('steward');
  const { report } = await handOver({
    client,
    schema,
    handover,
    records: source,
    spool: join(room.directory, 'spool'),
  });
  expect(report).toMatchObject({ admitted: true, total: 0 });
});
afterAll(() => room.close());

test('a question that does not say how many rows count is never proposed', async () => {
  for (const bend of [
    {},
    { contribution: { maxRows: 2 }, measures: [{ as: 'm', fn: 'mean', column: 'r.age', clamp: [0, 100] }] },
  ]) {
    const query = asking(bend);
    const proposed = room.client('analyst').act('query.propose', { query: digestOf(query as Json) }, { object: query });
    await expect(proposed).rejects.toMatchObject({
      code: 'query-not-compilable',
      field: 'contribution' in bend ? 'measures.0.fn' : 'contribution',
    });
  }
});

test('as many rows of a unit count as the question says, whoever has more', async () => {
  const digest = await approved(room, asking({ contribution: { maxRows: 3 } }));
  const { release } = await ask(room.client('analyst'), digest, 'planning', {});
  const valuesOf = (district: string) =>
    release.cells
      .find(({ key }) => key[0] === district)
      ?.values.map((one) => (one && 'value' in one ? one.value : null));
  // σ is 0.39, 0.67, 67 and 0.67: beyond these distances lies less than 1e-8 of any of them.
  const near = (values: readonly (number | null)[] | undefined, truth: readonly number[]) =>
    truth.forEach((exact, at) => {
      expect(Math.abs((values?.[at] ?? Number.NaN) - exact)).toBeLessThanOrEqual([3, 5, 400, 5][at] ?? 0);
    });
  near(valuesOf('alpha'), [400, 1200, 1200 * 30, 1]);
  near(valuesOf('beta'), [301, 603, 600 * 40 + 3 * 50, 2]);
  expect(valuesOf('gamma')).toEqual([null, null, null, null]);
  for (const { values } of release.cells) {
    const ages = values[3];
    if (!ages || !('low' in ages)) continue;
    // One value at least, and none that the column cannot have.
    expect(ages.low).toBeGreaterThanOrEqual(1);
    expect(ages.high).toBeLessThanOrEqual(121);
  }
  expect(await verifyState(room.state)).toMatchObject({ verified: true });
});
