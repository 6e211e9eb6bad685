/** The command line as people use it: keys, charter, founding, upload, a question, a withdrawal, verification. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ed25519Verifier, formatVkey } from '@reinraum/audit';
import { Instance, proveReceipt } from '@reinraum/client';
import { digestOf, fromBase64 } from '@reinraum/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { repositoryRoot } from '../../src/cli/root.ts';

const main = join(repositoryRoot, 'src', 'cli', 'main.ts');
const run = promisify(execFile);

let folder: string;
let server: ChildProcess;
let url = '';
/** Digests of the room and of its question, once there are any. */
let room = '';
let query = '';

/** Runs one command in the test's folder and returns what it printed. */
async function reinraum(...words: readonly string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [main, ...words], { cwd: folder });
  return stdout.trim();
}

/** Words every member's command shares. */
const as = (name: string) => ['--url', url, '--room', 'pums', '--charter', 'charter.json', '--key', `${name}.key`];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reinraum-cli-'));
  server = spawn(process.execPath, [main, 'serve', '--state', 'installation', '--room', 'pums', '--port', '0'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  url = await new Promise<string>((resolve, reject) => {
    server.stderr?.on('data', (piece: Buffer) => {
      const found = /serving on (http:\S+)/.exec(String(piece))?.[1];
      if (found) resolve(found);
    });
    server.once('exit', () => reject(new Error('the server ended')));
  });
});
afterAll(async () => {
  server.kill('SIGTERM');
  await new Promise((resolve) => server.once('exit', resolve));
  await rm(folder, { recursive: true, force: true });
});

test('from keys to a verified answer', async () => {
  const policies = join(repositoryRoot, 'policies', 'pums');
  expect(await reinraum('charter', 'check', policies)).toContain('query bildung');
  const members = [
    ['steward', 'census/data', 'owner'],
    ['dpo1', 'census/privacy', 'dpo'],
    ['dpo2', 'research/privacy', 'dpo'],
    ['analyst', 'research/analysis', 'analyst'],
  ] as const;
  for (const [name, unit, role] of members) {
    await reinraum('keygen', '--unit', unit, '--role', role, '--out', `${name}.key`, '--card', `${name}.card`);
  }
  expect((await stat(join(folder, 'steward.key'))).mode & 0o777).toBe(0o600);
  await expect(reinraum('keygen', '--unit', 'a/b', '--role', 'dpo', '--out', 'steward.key')).rejects.toThrow(/EEXIST/);

  const cards = members.flatMap(([name]) => ['--member', `${name}.card`]);
  room = await reinraum(
    'charter',
    'instance',
    policies,
    ...cards,
    '--url',
    url,
    '--room',
    'pums',
    '--out',
    'charter.json',
  );
  expect(room).toMatch(/^[0-9a-f]{64}$/);
  const signers = ['steward', 'dpo1', 'dpo2'];
  for (const name of signers) {
    expect(await reinraum('charter', 'sign', 'charter.json', '--key', `${name}.key`, '--out', `${name}.sig`)).toBe(
      room,
    );
  }
  const two = ['--signature', 'steward.sig', '--signature', 'dpo1.sig'];
  await expect(reinraum('found', 'charter.json', ...two, '--url', url, '--room', 'pums')).rejects.toThrow(
    /signature of m-/,
  );
  expect(
    await reinraum('found', 'charter.json', ...two, '--signature', 'dpo2.sig', '--url', url, '--room', 'pums'),
  ).toBe(room);

  const rows = Array.from({ length: 300 }, (_, n) => `${n};40;1;${n < 250 ? 9 : 13};1000`);
  await writeFile(join(folder, 'people.csv'), `\uFEFFpid;age;sex;educ;income\r\n${rows.join('\r\n')}\r\n`);
  const purpose = [
    '--capacity',
    '500',
    '--purpose',
    'research',
    '--legal-basis',
    'us-public-use',
    '--valid-until',
    '2031-12-31',
  ];
  const upload = [
    'dataset',
    'upload',
    'people.csv',
    ...as('steward'),
    '--dataset',
    'pums',
    ...purpose,
    '--receipt',
    'receipt.tlog-proof',
  ];
  expect(JSON.parse(await reinraum(...upload))).toMatchObject({ admitted: true });
  expect(await readFile(join(folder, 'receipt.tlog-proof'), 'utf8')).toContain('c2sp.org/tlog-proof@v1');

  await writeFile(join(folder, 'bad.csv'), 'pid;age;sex;educ;income\n1;40;1;77;5\n');
  const bad = ['dataset', 'upload', 'bad.csv', ...as('steward'), '--dataset', 'pums', ...purpose];
  await expect(reinraum(...bad)).rejects.toThrow(/row 1, column "educ": not-in-code-list/);

  query = await reinraum('query', 'propose', join(policies, 'queries', 'bildung.yaml'), ...as('analyst'));
  await expect(reinraum('query', 'run', query, ...as('analyst'))).rejects.toThrow(/query-not-approved/);
  // Of 31 persons in each of 16 cells most would be hidden: whoever approves has to have read that.
  await expect(reinraum('query', 'approve', query, ...as('dpo1'))).rejects.toThrow(
    /cells-hidden.*add --accept-findings/s,
  );
  const analysis = JSON.parse(await reinraum('query', 'analyse', query, '--json', ...as('dpo1')));
  expect(analysis).toMatchObject({ question: { id: 'bildung', digest: query }, against: [], rows: { pums: 500 } });
  const accepted = ['--accept-findings', digestOf(analysis)];
  for (const name of signers) await reinraum('query', 'approve', query, ...accepted, ...as(name));
  const table = await reinraum('query', 'run', query, ...as('analyst'));
  expect(table).toMatch(/^9 +2[0-9]{2} +2[0-9]{2} – 2[0-9]{2}$/m);
  expect(table).toMatch(/^1 +\. +\.$/m);
  expect(await reinraum('query', 'list', ...as('dpo2'))).toContain(`bildung ${query}\n  approved; price ρ 1/32`);
  expect(JSON.parse(await reinraum('query', 'list', '--json', ...as('dpo2'))).balances[0].loss).toEqual({
    cap: '1/2',
    spent: '1/32',
  });
});

test('an answer is taken back, and whoever received it is told', async () => {
  const listed = JSON.parse(await reinraum('query', 'list', '--json', ...as('dpo2')));
  expect(listed.queries[0].suspended).toBeNull();
  await expect(reinraum('query', 'clear', query, ...as('dpo1'))).rejects.toThrow(/query-not-suspended/);
  const release = JSON.parse(await reinraum('query', 'run', query, '--json', ...as('analyst')));
  const charge = String(release.charged);
  await expect(reinraum('release', 'retract', charge, '--reason', 'x', ...as('dpo1'))).rejects.toThrow(/wrong-data/);
  await expect(reinraum('release', 'retract', 'x', '--reason', 'other', ...as('dpo1'))).rejects.toThrow(/<charge>/);
  expect(await reinraum('release', 'retract', charge, '--reason', 'wrong-data', ...as('dpo1'))).toContain('tlog-proof');
  // Whoever received it is told at every look at the room, on standard error.
  const told = await run(process.execPath, [main, 'query', 'list', '--json', ...as('analyst')], { cwd: folder });
  expect(told.stderr).toContain('Nicht mehr verwenden');
  expect(JSON.parse(told.stdout).retractions).toMatchObject([{ charge: release.charged, reason: 'wrong-data' }]);
  await expect(reinraum('query', 'run', query, ...as('analyst'))).rejects.toThrow(
    /Retracted at[\s\S]*release-retracted/,
  );
});

test('a steward who has lost the key file gets new keys from two others, of two parties', async () => {
  const { ref } = JSON.parse(await readFile(join(folder, 'steward.card'), 'utf8'));
  const replaces = ['--replaces', ref, '--charter', 'charter.json', '--out', 'steward2.key', '--card', 'steward2.card'];
  await expect(reinraum('keygen', '--out', 'x.key')).rejects.toThrow(/--unit and --role, or --replaces/);
  await expect(reinraum('keygen', '--role', 'owner', ...replaces)).rejects.toThrow(/neither --unit nor --role/);
  expect(JSON.parse(await reinraum('keygen', ...replaces))).toMatchObject({
    ref,
    unit: 'census/data',
    roles: ['owner'],
  });
  const files = ['--charter', 'charter.json', '--key', 'steward2.key', '--out', 'steward2.request'];
  const fingerprint = await reinraum('member', 'recover', ...files);
  const approve = (name: string, told: string) =>
    reinraum('member', 'approve', 'steward2.request', '--fingerprint', told, ...as(name));
  await expect(approve('dpo1', '0'.repeat(64))).rejects.toThrow(/other keys than the member told you/);
  await approve('dpo1', fingerprint);
  expect(await reinraum('member', 'list', ...as('dpo2'))).toMatch(
    new RegExp(`^${ref} census/data: owner$[\\s\\S]*^new keys for ${ref}: approved by m-`, 'm'),
  );
  expect(JSON.parse(await reinraum('member', 'list', '--json', ...as('dpo2'))).recoveries).toMatchObject([
    { member: ref },
  ]);
  await expect(reinraum('query', 'list', ...as('steward2'))).rejects.toThrow(/actor-unknown/);
  await approve('dpo2', fingerprint);
  const listed = JSON.parse(await reinraum('member', 'list', '--json', ...as('steward2')));
  expect(listed.recoveries).toEqual([]);
  expect(listed.members).toContainEqual(JSON.parse(await readFile(join(folder, 'steward2.card'), 'utf8')));
  await expect(reinraum('query', 'list', ...as('steward'))).rejects.toThrow(/actor-unknown/);
});

test('a withdrawal, a revocation, a log that verifies', async () => {
  await reinraum('dataset', 'withdraw', ...as('steward2'), '--dataset', 'pums', '--dataset-version', '1');
  await expect(reinraum('query', 'run', query, ...as('analyst'))).rejects.toThrow(/dataset-not-admitted/);
  await reinraum('query', 'revoke', query, ...as('dpo1'));
  const state = join('installation', 'rooms', 'pums', 'state');
  expect(JSON.parse(await reinraum('audit', 'verify', state, '--room', room, '--json'))).toMatchObject({
    verified: true,
    room,
  });
  await expect(reinraum('audit', 'verify', state, '--room', '0'.repeat(64))).rejects.toThrow(/log of another room/);
});

test('the log is searched, and a line that was found is handed on with its receipt', async () => {
  const state = join('installation', 'rooms', 'pums', 'state');
  const table = await reinraum('audit', 'search', state, '--room', room, '--query', 'bildung', '--outcome', 'released');
  expect(table).toMatch(/^[0-9]+ +\S+Z +Antwort erteilt \/ answer released .*\(bildung\).*research\/analysis/m);
  expect(table).toContain('1 von / of 1;');
  const words = ['audit', 'search', state, '--json', '--index', 'log.index', '--from', '2026-01-01'];
  const made = JSON.parse(await reinraum(...words, '--outcome', 'statement-expired', '--limit', '1'));
  expect(made).toMatchObject({ room, total: 0, rows: [] });
  const kept = JSON.parse(await reinraum(...words, '--type', 'query.released'));
  expect(kept).toMatchObject({ size: made.size, root: made.root, total: 1 });
  const receipt = await reinraum('audit', 'receipt', state, String(kept.rows[0].index));
  const { charter } = Instance.parse(JSON.parse(await readFile(join(folder, 'charter.json'), 'utf8')));
  const logVerifier = ed25519Verifier(formatVkey(`reinraum/${room}`, fromBase64(charter.enclave.signingKey)));
  const { entry, index } = await proveReceipt(`${receipt}\n`, { charter, roomId: room, logVerifier });
  expect({ type: entry.type, index }).toEqual({ type: 'query.released', index: kept.rows[0].index });
  await expect(reinraum('audit', 'receipt', state, '99999')).rejects.toThrow(/Eintrag von 0 bis/);
  await expect(reinraum('audit', 'search', state, '--room', '0'.repeat(64))).rejects.toThrow(/NOT verified/);
  await expect(reinraum('audit', 'search', state, '--from', 'gestern')).rejects.toThrow(/JJJJ-MM-TT/);
});

test('the log is handed on as a table, and as a bundle that verifies on its own', async () => {
  const state = join('installation', 'rooms', 'pums', 'state');
  await reinraum('audit', 'export', state, '--format', 'csv', '--out', 'log.csv');
  expect(await readFile(join(folder, 'log.csv'), 'utf8')).toMatch(/;research: ρ 1\/32|;person: ρ 1\/32/);
  await expect(reinraum('audit', 'export', state, '--format', 'csv', '--out', 'log.csv')).rejects.toThrow(/--force/);
  await expect(reinraum('audit', 'export', state, '--format', 'xml', '--out', 'x')).rejects.toThrow(/jsonl/);
  await expect(reinraum('audit', 'export', state, '--format', 'csv')).rejects.toThrow(/give --format and --out/);
  await reinraum('audit', 'export', state, '--bundle', 'evidence', '--room', room);
  const verified = JSON.parse(await reinraum('audit', 'verify', 'evidence', '--room', room, '--json'));
  expect(verified).toMatchObject({ verified: true, room });
  expect(JSON.parse(await reinraum('audit', 'search', 'evidence', '--json')).size).toBe(verified.size);
  await expect(reinraum('audit', 'export', state, '--bundle', 'evidence')).rejects.toThrow(/--force/);
  await writeFile(join(folder, 'evidence', 'log.policy'), 'quorum none\n');
  await expect(reinraum('audit', 'verify', 'evidence')).rejects.toThrow(/bundle: log\.policy/);
});

test('reports are made of it, and of nothing that does not verify', async () => {
  const state = join('installation', 'rooms', 'pums', 'state');
  await reinraum('audit', 'report', state, '--report', 'all', '--entry', '0', '--format', 'json', '--out', 'reports');
  const names = await readdir(join(folder, 'reports'));
  expect(names).toHaveLength(12);
  const ledger = JSON.parse(await readFile(join(folder, 'reports', 'ledger.de.json'), 'utf8'));
  expect(ledger).toMatchObject({ format: 'reinraum-report/1', language: 'de' });
  expect(JSON.stringify(ledger.facts)).toContain(room);
  await reinraum('audit', 'report', state, '--report', 'access', '--language', 'en', '--out', 'reports');
  expect(await readFile(join(folder, 'reports', 'access.en.html'), 'utf8')).toContain('<h1>Access to the log</h1>');
  await expect(reinraum('audit', 'report', state, '--report', 'acces', '--out', 'reports')).rejects.toThrow(/access/);
  const folderOf = ['audit', 'folder', state, '--policies', join(repositoryRoot, 'policies/pums'), '--out', 'papers'];
  await reinraum(...folderOf);
  expect(await readdir(join(folder, 'papers'))).toHaveLength(16);
  await expect(
    reinraum('audit', 'folder', state, '--policies', join(repositoryRoot, 'policies/koeln'), '--out', 'no'),
  ).rejects.toThrow(/charter\.yaml: id/);
  // The bundle was changed by the test before.
  await expect(reinraum('audit', 'report', 'evidence', '--report', 'all', '--out', 'no')).rejects.toThrow(
    /rule bundle/,
  );
  await expect(readdir(join(folder, 'no'))).rejects.toThrow('ENOENT');
});

test('a report from the running room is recorded where an officer signs for it', async () => {
  const member = (key: string) => ['--name', 'pums', '--charter', 'charter.json', '--key', key];
  const made = (out: string, ...words: readonly string[]) =>
    reinraum('audit', 'report', url, '--report', 'access', '--out', out, ...words);
  const state = join('installation', 'rooms', 'pums', 'state');
  const search = ['audit', 'search', state, '--type', 'report.generated', '--json'];
  await made('unrecorded', ...member('analyst.key'));
  expect(await readdir(join(folder, 'unrecorded'))).toEqual(['access.de.html']);
  expect(JSON.parse(await reinraum(...search)).total).toBe(0);
  await made('recorded', ...member('dpo1.key'), '--record');
  expect(JSON.parse(await reinraum(...search))).toMatchObject({ total: 1, rows: [{ unit: 'census/privacy' }] });
  const digest = createHash('sha256').update(await readFile(join(folder, 'recorded', 'access.de.json')));
  await reinraum('audit', 'report', state, '--report', 'access', '--format', 'json', '--out', 'after');
  expect(await readFile(join(folder, 'after', 'access.de.json'), 'utf8')).toContain(digest.digest('hex'));
  // An analyst may read the log, and sign nothing of this; without a room there is nobody to sign to.
  await expect(made('no', ...member('analyst.key'), '--record')).rejects.toThrow(/role-missing/);
  await expect(reinraum('audit', 'report', state, '--report', 'access', '--out', 'no', '--record')).rejects.toThrow(
    /--record/,
  );
  expect(await readdir(join(folder, 'no'))).toEqual([]);
});

test('a data protection officer watches the room, and is told when its log goes back', async () => {
  const words = [
    '--name',
    'pums',
    '--charter',
    'charter.json',
    '--key',
    'dpo2.key',
    '--head',
    'dpo.head',
    '--once',
    '--json',
  ];
  const told = (await reinraum('audit', 'watch', url, ...words)).split('\n').map((line) => JSON.parse(line));
  const kinds = told.map(({ kind, type, outcome }) => (kind === 'entry' ? type : outcome));
  expect(kinds[0]).toBe('room.founded');
  expect(kinds).toContain('query.released');
  expect(told.every(({ kind }) => kind === 'entry')).toBe(true);
  // Its own reading is an entry, which the next look tells; nothing is told twice.
  const next = (await reinraum('audit', 'watch', url, ...words)).split('\n').map((line) => JSON.parse(line));
  expect(next[0]).toMatchObject({ kind: 'entry', type: 'session.opened', index: told.length });
  const state = join('installation', 'rooms', 'pums', 'state');
  expect(await reinraum('audit', 'watch', state, '--once')).toMatch(
    /^Eintrag 0 vom .*: Raum gegründet\.\n {2}Entry 0 of/,
  );
  // The bundle is of an earlier head: to the watcher the log has gone back.
  await reinraum('audit', 'export', state, '--bundle', 'earlier');
  await reinraum('audit', 'watch', url, ...words);
  await reinraum('audit', 'watch', url, ...words);
  const back = await run(process.execPath, [main, 'audit', 'watch', 'earlier', '--head', 'dpo.head', '--once'], {
    cwd: folder,
  }).catch((error: { code: number; stdout: string }) => error);
  expect(back).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/^WARNUNG \/ ALERT rollback: Das Protokoll ist kürzer/),
  });
  expect((await readFile(join(folder, 'dpo.head.conflict'), 'utf8')).split('\n')[0]).toBe(`reinraum/${room}`);
});
