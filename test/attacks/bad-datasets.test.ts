/** Datasets of a dishonest or unlucky steward: the enclave's own checks refuse them as a whole, and name no value. */
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { csvHeader, digestOf } from '@reinraum/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyState } from '../../src/cli/audit.ts';
import { ask } from '../../src/client/ask.ts';
import { SchemaMisfit } from '../../src/steward/canonical-csv.ts';
import { declare, type Forged, forge, handIn } from '../support/dishonest-steward.ts';
import { pseudonym } from '../support/pseudonym.ts';
import { expectRefused } from '../support/raw-statement.ts';
import {
  approved,
  debtors,
  residentRecords,
  residents,
  residentsHandover,
  type SmallRoom,
  smallRoom,
  uploadResidents,
} from '../support/small-room.ts';
import { verifiedLog } from '../support/verified-log.ts';

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

async function versions(): Promise<string[]> {
  const { entries } = await verifiedLog(room.state);
  return entries.map(({ type }) => type).filter((type) => type.startsWith('dataset.'));
}

describe('a hand-over that does not fit what was declared is refused before anything is opened', () => {
  const manifest = async (changes: Partial<Forged['manifest']>) => {
    const forged = await forge(room, await declare(room), header + rows(5));
    return { ...forged.manifest, ...changes };
  };

  test.each([
    ['nothing uploaded', {}, 'upload-incomplete', undefined],
    ['an offer nobody made', { offer: 'ab'.repeat(32) }, 'dataset-not-declared', 'version'],
    ['a version nobody declared', { version: 7 }, 'dataset-not-declared', 'version'],
    ['another capacity', { capacityRows: 6000 }, 'dataset-not-declared', 'capacityRows'],
    ['another legal basis', { legalBasis: 'other' }, 'dataset-not-declared', 'capacityRows'],
    ['another schema', { schema: digestOf(debtors) }, 'schema-mismatch', 'schema'],
    ['a term in the past', { validUntil: '2020-01-01' }, 'dataset-expired', 'validUntil'],
    ['an unknown purpose', { purpose: 'advertising' }, 'purpose-unknown', 'purpose'],
    ['an unknown dataset', { dataset: 'taxes' }, 'dataset-unknown', 'dataset'],
    ['another unit’s dataset', { dataset: 'debtors' }, 'dataset-not-owned', 'dataset'],
  ] as const)('%s', async (_name, changes, code, field) => {
    await expectRefused(room, await submission(await manifest(changes)), { code, field });
  });

  test.each([
    ['a schema the charter does not name', { schema: digestOf(debtors) }, 'schema-mismatch', 'schema'],
    ['a version out of turn', { version: 3 }, 'dataset-version', 'version'],
    ['a predecessor there is not', { predecessor: 'ab'.repeat(32) }, 'dataset-version', 'version'],
    ['an unknown dataset', { dataset: 'taxes' }, 'dataset-unknown', 'dataset'],
    ['another unit’s dataset', { dataset: 'debtors' }, 'dataset-not-owned', 'dataset'],
    ['no rows at all', { capacityRows: 0 }, 'statement-malformed', 'body.capacityRows'],
  ] as const)('declared with %s', async (_name, changes, code, field) => {
    const body = { ...residentsHandover(), ...changes };
    if (code === 'statement-malformed') {
      await expect(room.client('steward').sign('dataset.declare', body)).rejects.toThrow();
      return;
    }
    const envelope = await room.client('steward').sign('dataset.declare', body);
    await expectRefused(room, { envelope }, { code, field });
  });
});

describe('a dataset with bad rows is rejected as a whole', () => {
  const good = () => `${pseudonym()},beta,40,m\n`;
  const repeated = pseudonym();
  const lines: [what: string, line: string, column: string | null, rule: string][] = [
    ['a code not in the list', `${pseudonym()},${marker},30,f`, 'district', 'domain'],
    ['a code in other letters', `${pseudonym()},ALPHA,30,f`, 'district', 'domain'],
    ['a code with a blank', `${pseudonym()}, alpha,30,f`, 'district', 'domain'],
    ['a code in quotes', `${pseudonym()},"alpha",30,f`, 'district', 'domain'],
    ['SQL', `${pseudonym()},alpha';DROP TABLE r;--${marker},30,f`, 'district', 'domain'],
    ['a number above its range', `${pseudonym()},alpha,121,f`, 'age', 'domain'],
    ['a number below its range', `${pseudonym()},alpha,-1,f`, 'age', 'domain'],
    ['a fraction', `${pseudonym()},alpha,30.5,f`, 'age', 'domain'],
    ['a number in another spelling', `${pseudonym()},alpha,030,f`, 'age', 'domain'],
    ['a number in scientific notation', `${pseudonym()},alpha,3e1,f`, 'age', 'domain'],
    ['no number', `${pseudonym()},alpha,NaN,f`, 'age', 'domain'],
    ['a missing code', `${pseudonym()},,30,f`, 'district', 'missing'],
    ['a missing number', `${pseudonym()},alpha,,f`, 'age', 'missing'],
    ['the word NULL', `${pseudonym()},alpha,30,NULL`, 'sex', 'domain'],
    ['a letter no code has', `${pseudonym()},alpha,30,ü${marker}`, 'sex', 'domain'],
    ['an end of line of another system', `${pseudonym()},alpha,30,f\r`, 'sex', 'domain'],
    ['a name for a pseudonym', `${marker},alpha,30,f`, 'person_id', 'pseudonym'],
    ['a pseudonym of another version', `${randomUUID()},alpha,30,f`, 'person_id', 'pseudonym'],
    ['a field too few', `${pseudonym()},alpha,30`, null, 'fields'],
    ['a field too many', `${pseudonym()},alpha,30,f,${marker}`, null, 'fields'],
    ['an empty line', '', null, 'fields'],
  ];

  test('every kind of bad value is named by row, column and rule, among good rows', async () => {
    const csv = header + lines.map(([, line]) => `${good()}${line}\n`).join('') + good();
    const findings = lines.map(([, , column, rule], at) => ({ row: 2 * at + 2, column, rule }));
    await rejectedWith(csv, findings);
  });

  test.each([
    ['one bad value', `${pseudonym()},alpha,121,f\n${good()}`, [{ row: 2, column: 'age', rule: 'domain' }]],
    ['one missing value', `${pseudonym()},alpha,,f\n${good()}`, [{ row: 2, column: 'age', rule: 'missing' }]],
    [
      'one unit twice',
      `${repeated},alpha,30,f\n${good()}${repeated},beta,31,m\n`,
      [{ row: 4, column: 'person_id', rule: 'duplicate-unit' }],
    ],
  ])('%s is enough', async (_name, csv, findings) => {
    await rejectedWith(header + good() + csv, findings);
  });

  test.each([
    ['another header', `person_id,district,sex,age\n${rows(2)}`, [{ row: 0, column: null, rule: 'header' }]],
    ['the header of another schema', csvHeader(debtors), [{ row: 0, column: null, rule: 'header' }]],
    ['no header', '', [{ row: 0, column: null, rule: 'header' }]],
    ['half a last line', `${header}${rows(2)}${pseudonym()},alp`, [{ row: 3, column: null, rule: 'line-end' }]],
  ])('%s', async (_name, csv, findings) => {
    await rejectedWith(csv, findings);
  });

  test('more rows than were declared', async () => {
    const declared = await declare(room, residentsHandover(1, null, 4));
    const forged = await forge(room, declared, header + rows(6), { plaintextBytes: 1000 });
    const { report } = await handIn(room, forged);
    const capacity = (row: number) => ({ row, column: null, rule: 'capacity' });
    expect(report).toMatchObject({ admitted: false, total: 2, findings: [capacity(5), capacity(6)] });
  });

  test('a line without an end takes no memory and is named once a piece', async () => {
    const { report } = await handIn(room, await forge(room, await declare(room), header + 'x'.repeat(200_000)));
    expect(report.admitted).toBe(false);
    expect(report.findings.every(({ row, rule }) => row === 1 && ['fields', 'line-end'].includes(rule))).toBe(true);
  });

  test('everything wrong at once: a hundred findings are named, all are counted', async () => {
    const { report } = await handIn(
      room,
      await forge(room, await declare(room), header + `${marker},,999,x\n`.repeat(150)),
    );
    expect(report).toMatchObject({ admitted: false, total: 600 });
    expect(report.findings).toHaveLength(100);
    expect(JSON.stringify(report)).not.toContain(marker);
  });

  async function rejectedWith(csv: string, findings: readonly object[]) {
    const { accepted, report } = await handIn(room, await forge(room, await declare(room), csv));
    expect(report).toEqual({
      v: 1,
      kind: 'report',
      dataset: 'residents',
      version: 1,
      admitted: false,
      total: findings.length,
      findings,
    });
    const { type, detail } = JSON.parse(accepted.entry) as { type: string; detail: object };
    expect(type).toBe('dataset.rejected');
    expect(detail).toMatchObject({ dataset: 'residents', version: 1, report: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(JSON.stringify(report) + accepted.entry).not.toContain(marker);
    expect((await room.client('cityDpo').catalogue()).datasets).toMatchObject([
      { dataset: 'residents', version: 1, state: 'rejected' },
    ]);
  }
});

test('the keys of rejected files are destroyed', async () => {
  const before = await readdir(join(room.state, 'upload-keys'));
  const forged = await forge(room, await declare(room), `${header}${marker}\n`);
  await handIn(room, forged);
  const after = await readdir(join(room.state, 'upload-keys'));
  expect(after).not.toContain(forged.manifest.offer);
  expect(after.length).toBeLessThanOrEqual(before.length);
});

test('the honest kit stops a bad dataset on the steward’s machine', async () => {
  const bad = [{ id: marker, values: [marker, '30', 'f'] }];
  const failed = await uploadResidents(room, bad).catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(SchemaMisfit);
  expect(failed).toMatchObject({ total: 1, misfits: [{ row: 1, column: 'district', rule: 'not-in-code-list' }] });
  expect(String(failed)).not.toContain(marker);
});

test('a corrected version is admitted, asked and verified, and no value stands anywhere', async () => {
  const { report } = await uploadResidents(room, residentRecords([60, 40, 30]));
  expect(report).toMatchObject({ admitted: true, total: 0 });
  const query = await approved(room);
  const { release } = await ask(room.client('analyst'), query, 'planning', { sex: 'f' });
  expect(release.datasets).toMatchObject([{ dataset: 'residents', version: 1 }]);
  expect(await verifyState(room.state)).toMatchObject({ verified: true, spent: { person: { loss: '1/8' } } });
  const seen = await versions();
  expect(seen.filter((type) => type === 'dataset.rejected').length).toBe(12);
  expect(seen.filter((type) => type === 'dataset.admitted')).toHaveLength(1);
  for (const part of ['log/journal', 'log/checkpoint']) {
    expect(await readFile(join(room.state, part), 'latin1')).not.toContain(marker);
  }
  for (const name of await readdir(join(room.state, 'objects'))) {
    expect(await readFile(join(room.state, 'objects', name), 'latin1')).not.toContain(marker);
  }
  expect(JSON.stringify(room.accessLog)).not.toContain(marker);
});
