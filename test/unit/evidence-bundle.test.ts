/** An evidence bundle verifies on its own, by three ways, tells when a byte of it was changed, and holds nothing secret. */
import { execFile, execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fromBase64, toHex } from '@reinraum/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyState } from '../../src/cli/audit.ts';
import { receiptOf } from '../../src/cli/audit-receipt.ts';
import { sumsOf } from '../../src/cli/bundle-fault.ts';
import { exportBundle, receiptsOf } from '../../src/cli/evidence-bundle.ts';
import { openState, readerOf } from '../../src/cli/state-source.ts';
import { policyFile } from '../../src/export/policy-file.ts';
import { type GoldenFacts, goldenFolder } from '../support/golden-state.ts';
import { at, entryCount, type HeldLog, honestLog } from '../support/honest-log.ts';
import { files } from '../support/plaintext-scan.ts';
import { plainRefusals, type StateFolder, stateFolder } from '../support/state-folder.ts';

const run = promisify(execFile);
let honest: HeldLog;
let folder: StateFolder;
let scratch: string;
let bundle: string;

beforeAll(async () => {
  honest = await honestLog();
  folder = await stateFolder(honest);
  scratch = await mkdtemp(join(tmpdir(), 'reinraum-bundle-'));
  bundle = join(scratch, 'bundle');
  await exportBundle(await openState(folder.directory), { directory: bundle, receipts: 'releases' });
});
afterAll(async () => {
  await folder.remove();
  await rm(scratch, { recursive: true, force: true });
});

const pathsOf = async (directory: string) => (await files(directory)).map(({ where }) => where).sort();

let copies = 0;
/** A copy of the bundle somebody changed; `covered` also writes its list of files anew. */
async function changed(change: (directory: string) => Promise<unknown>, covered: boolean): Promise<string> {
  const directory = join(scratch, `copy-${copies++}`);
  await cp(bundle, directory, { recursive: true, verbatimSymlinks: true });
  await change(directory);
  if (covered) await writeFile(join(directory, 'SHA256SUMS'), await sumsOf(directory));
  return directory;
}

/** Flips the lowest bit of a byte; -1 is the last. */
const flipped = (path: string, place: number) => async (directory: string) => {
  const bytes = await readFile(join(directory, path));
  const position = place < 0 ? bytes.length + place : Math.floor(place * bytes.length);
  bytes[position] = (bytes[position] ?? 0) ^ 1;
  await writeFile(join(directory, path), bytes);
};

async function shellBlock(directory: string): Promise<string> {
  const page = await readFile(join(directory, 'VERIFY.md'), 'utf8');
  const blocks = [...page.matchAll(/^```sh\n([\s\S]*?)^```/gm)];
  expect(blocks.length).toBe(1);
  return blocks[0]?.[1] ?? '';
}

/** Runs the commands of VERIFY.md in the bundle, as they stand there. */
const pasted = async (directory: string) =>
  run('sh', ['-c', await shellBlock(directory)], { cwd: directory, env: { PATH: process.env['PATH'] ?? '' } });

describe('a bundle', () => {
  test('holds the log, objects, keys, policy, receipts of releases, and how to verify it', async () => {
    const paths = await pathsOf(bundle);
    const others = paths.filter((path) => !path.startsWith('objects/') && !path.startsWith('foreign/'));
    expect(paths).toEqual(
      expect.arrayContaining(['foreign/main.go', 'foreign/go.sum', 'foreign/verify-checkpoint.sh']),
    );
    expect(others).toEqual([
      'SHA256SUMS',
      'VERIFY.md',
      'keys/charter.json',
      'keys/log.vkey',
      'log.policy',
      'log/checkpoint',
      `log/tile/0/000.p/${entryCount}`,
      `log/tile/entries/000.p/${entryCount}`,
      'receipts/0.tlog-proof',
      `receipts/${at.released}.tlog-proof`,
    ]);
    expect(paths.every((path) => !path.startsWith('objects/') || /^objects\/[0-9a-f]{64}$/.test(path))).toBe(true);
  });

  test('verifies like a state directory, and is none of another room', async () => {
    expect(await verifyState(bundle, honest.scribe.room)).toMatchObject({ verified: true, size: entryCount });
    expect(await verifyState(bundle, '0'.repeat(64))).toMatchObject({ verified: false, rule: 'origin-unknown' });
    const reader = await readerOf(await openState(bundle), honest.scribe.room);
    expect(await receiptOf(reader, at.released)).toBe(
      await readFile(join(bundle, 'receipts', `${at.released}.tlog-proof`), 'utf8'),
    );
  });

  test('is verified by the commands of its page, with OpenSSL and coreutils alone', async () => {
    const { stdout } = await pasted(bundle);
    expect(stdout).toBe('Signature Verified Successfully\nOK\n');
    const programs = new Set(
      (await shellBlock(bundle)).match(/\b(?:node|python|perl|awk|sed|xxd|jq|grep|cmp|diff)\b/g),
    );
    expect([...programs]).toEqual([]);
  });

  test('of a log with full tiles verifies both ways', async () => {
    const long = await stateFolder(honest, [...honest.entries, ...plainRefusals(honest, entryCount, 500)]);
    const directory = join(scratch, 'long');
    await exportBundle(await openState(long.directory), { directory, receipts: 'all' });
    expect(await verifyState(directory)).toMatchObject({ verified: true, size: entryCount + 500 });
    const paths = await pathsOf(directory);
    expect(paths.filter((path) => path.startsWith('log/tile/'))).toEqual([
      'log/tile/0/000',
      'log/tile/0/001',
      `log/tile/0/002.p/${entryCount + 500 - 512}`,
      'log/tile/1/000.p/2',
      'log/tile/entries/000',
      'log/tile/entries/001',
      `log/tile/entries/002.p/${entryCount + 500 - 512}`,
    ]);
    expect(paths.filter((path) => path.startsWith('receipts/')).length).toBe(entryCount + 500);
    expect((await pasted(directory)).stdout).toContain('OK');
    await long.remove();
  });

  test('takes programs of others along where there are any', async () => {
    const foreign = join(scratch, 'foreign');
    await mkdir(join(foreign, 'go'), { recursive: true });
    await writeFile(join(foreign, 'go', 'main.go'), 'package main\n');
    const directory = join(scratch, 'with-foreign');
    await exportBundle(await openState(folder.directory), { directory, receipts: [], foreign });
    expect(await readFile(join(directory, 'foreign', 'go', 'main.go'), 'utf8')).toBe('package main\n');
    expect(await readFile(join(directory, 'VERIFY.md'), 'utf8')).toContain('Der Ordner `foreign/`');
    expect(await verifyState(directory)).toMatchObject({ verified: true });
    await flipped('foreign/go/main.go', 0)(directory);
    expect(await verifyState(directory)).toMatchObject({ verified: false, rule: 'bundle' });
  });

  test('takes the place of an earlier bundle when it is told to, and of nothing else', async () => {
    const source = await openState(folder.directory);
    const directory = join(scratch, 'again');
    await exportBundle(source, { directory, receipts: 'releases' });
    await expect(exportBundle(source, { directory, receipts: 'releases' })).rejects.toThrow(/--force/);
    await writeFile(join(directory, 'notes.txt'), 'mine');
    await expect(exportBundle(source, { directory, receipts: [1], force: true })).rejects.toThrow(/--force/);
    await rm(join(directory, 'notes.txt'));
    await exportBundle(source, { directory, receipts: [3, 3, 1], force: true });
    expect(await readdir(join(directory, 'receipts'))).toEqual(['0.tlog-proof', '1.tlog-proof', '3.tlog-proof']);
    const home = join(scratch, 'home');
    await mkdir(home);
    await writeFile(join(home, 'thesis.txt'), 'years of work');
    await mkdir(join(home, 'keys'));
    await expect(exportBundle(source, { directory: home, receipts: 'all', force: true })).rejects.toThrow(/home/);
    expect(await readFile(join(home, 'thesis.txt'), 'utf8')).toBe('years of work');
    expect((await readdir(scratch)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    await expect(exportBundle(source, { directory: `${home}-2`, receipts: [entryCount] })).rejects.toThrow(
      /--receipts/,
    );
    for (const wrong of ['3,', '-1', 'some', '']) expect(() => receiptsOf(wrong), wrong).toThrow(/--receipts/);
    expect(receiptsOf('3,17')).toEqual([3, 17]);
  });
});

describe('a bundle somebody changed', () => {
  test('is rejected for any byte: of every file the first, one in the middle and the last', async () => {
    const places = [0, 0.5, -1];
    for (const path of await pathsOf(bundle)) {
      for (const place of path.startsWith('objects/') ? [0.5] : places) {
        const directory = await changed(flipped(path, place), false);
        expect(await verifyState(directory), `${path} at ${place}`).toMatchObject({ verified: false });
        await rm(directory, { recursive: true });
      }
    }
  });

  test('is rejected although its list of files was made to fit, but for page and programs, which only the list covers', async () => {
    for (const path of await pathsOf(bundle)) {
      if (path === 'SHA256SUMS' || path === 'VERIFY.md' || path.startsWith('foreign/')) continue;
      const directory = await changed(flipped(path, 0.5), true);
      expect(await verifyState(directory), path).toMatchObject({ verified: false });
      await rm(directory, { recursive: true });
    }
  });

  test.each([
    ['a file that is missing', (directory: string) => rm(join(directory, 'log.policy'))],
    ['a file more', (directory: string) => writeFile(join(directory, 'objects', 'note.txt'), 'hello')],
    ['a link', (directory: string) => symlink('/etc/hostname', join(directory, 'keys', 'more'))],
    ['no list of files', (directory: string) => rm(join(directory, 'SHA256SUMS'))],
  ])('is rejected for %s', async (_name, change) => {
    expect(await verifyState(await changed(change, false))).toMatchObject({ verified: false, rule: 'bundle' });
  });

  test.each([
    [
      'a receipt of another entry',
      (directory: string) =>
        rename(join(directory, `receipts/${at.released}.tlog-proof`), join(directory, 'receipts/9.tlog-proof')),
    ],
    ['no policy', (directory: string) => rm(join(directory, 'log.policy'))],
    ['no key', (directory: string) => rm(join(directory, 'keys', 'log.vkey'))],
  ])('is rejected for %s, list or no list', async (_name, change) => {
    expect(await verifyState(await changed(change, true))).toMatchObject({ verified: false, rule: 'bundle' });
  });

  test('is rejected for a receipt out of another history under the same key', async () => {
    const fork = await stateFolder(honest, [...honest.entries.slice(0, 11), ...plainRefusals(honest, 11, 3)]);
    const receipt = await receiptOf(await readerOf(await openState(fork.directory), honest.scribe.room), 11);
    await fork.remove();
    const directory = await changed((at) => writeFile(join(at, 'receipts', '11.tlog-proof'), receipt), true);
    expect(await verifyState(directory)).toMatchObject({
      rule: 'bundle',
      message: expect.stringMatching(/11\.tlog-proof/),
    });
  });

  test('says which file it is', async () => {
    const verdict = await verifyState(await changed(flipped('keys/charter.json', 0.5), false));
    expect(verdict).toMatchObject({
      rule: 'bundle',
      message: expect.stringContaining('keys/charter.json is missing, changed'),
    });
  });

  test.each([
    ['log/checkpoint', 0.3],
    ['log/checkpoint', -5],
    ['keys/log.vkey', 0.9],
    ['keys/log.vkey', 0.55],
    [`log/tile/entries/000.p/${entryCount}`, 0.001],
    [`log/tile/0/000.p/${entryCount}`, 0],
    ['receipts/0.tlog-proof', 0.6],
  ])('is rejected by the commands of its page as well: %s at %s', async (path, place) => {
    await expect(pasted(await changed(flipped(path, place), false))).rejects.toThrow();
    // The same with a list that fits: then signature, leaf or proof are wrong.
    await expect(pasted(await changed(flipped(path, place), true))).rejects.toThrow();
  });
});

describe('the commands of the page', () => {
  test('reject a proof that does not lead to the signed root', async () => {
    const directory = await changed(async (at) => {
      const path = join(at, 'receipts', '0.tlog-proof');
      const [header, extra, index, hash = '', ...rest] = (await readFile(path, 'utf8')).split('\n');
      const other = `${hash.startsWith('A') ? 'B' : 'A'}${hash.slice(1)}`;
      await writeFile(path, [header, extra, index, other, ...rest].join('\n'));
    }, true);
    await expect(pasted(directory)).rejects.toThrow();
  });

  test('reject a key id that is not that of the key, though key and signature line agree on it', async () => {
    const directory = await changed(async (at) => {
      const [vkey, checkpoint] = [join(at, 'keys', 'log.vkey'), join(at, 'log', 'checkpoint')];
      await writeFile(vkey, (await readFile(vkey, 'utf8')).replace(/\+[0-9a-f]{8}\+/, '+00000000+'));
      const lines = (await readFile(checkpoint, 'utf8')).split('\n');
      const [dash, name, encoded = ''] = (lines[4] ?? '').split(' ');
      const signature = Buffer.from(encoded, 'base64').fill(0, 0, 4).toString('base64');
      await writeFile(checkpoint, [...lines.slice(0, 4), `${dash} ${name} ${signature}`, ''].join('\n'));
    }, true);
    await expect(pasted(directory)).rejects.toThrow();
  });
});

describe('the policy', () => {
  test('is a tlog-policy with one log and no quorum', async () => {
    const text = await readFile(join(bundle, 'log.policy'), 'utf8');
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    expect(lines).toEqual([`log ${(await readFile(join(bundle, 'keys/log.vkey'), 'utf8')).trim()}`, 'quorum none']);
    // The characters the format allows.
    expect(Buffer.from(text).every((byte) => byte === 9 || byte === 10 || (byte >= 0x20 && byte !== 0x7f))).toBe(true);
  });

  test('has the witnesses of the charter, and how many of them have to have cosigned', () => {
    const witnesses = ['a', 'b', 'c'].map((name) => ({ key: `${name}+00000000+BA==`, url: `https://${name}.example` }));
    const lines = policyFile('r', 'k', { witnesses, quorum: 2 }).split('\n');
    expect(lines.filter((line) => !line.startsWith('#'))).toEqual([
      'log k',
      ...['a', 'b', 'c'].map((name, at) => `witness w${at + 1} ${name}+00000000+BA== https://${name}.example`),
      'group witnesses 2 w1 w2 w3',
      'quorum witnesses',
      '',
    ]);
  });
});

test('nothing secret of a room that lived is in its bundle', async () => {
  const golden = join(goldenFolder, 'state-2');
  const facts = JSON.parse(await readFile(join(golden, 'golden.json'), 'utf8')) as GoldenFacts;
  const directory = join(scratch, 'golden');
  await exportBundle(await openState(join(golden, 'state')), { directory, receipts: 'all' });
  const secrets: [string, Uint8Array][] = [['operator key', fromBase64(facts.operatorKey)]];
  for (const name of await readdir(join(golden, 'keys'))) {
    const text = await readFile(join(golden, 'keys', name), 'utf8');
    const own = JSON.parse(text) as Record<string, unknown>;
    const publicKeys = JSON.stringify(own['member']);
    // Every base64 text of 32 bytes in a key file that is not on the member's public card.
    for (const [key] of text.matchAll(/[A-Za-z0-9+/]{43}=/g)) {
      if (!publicKeys.includes(key)) secrets.push([name, fromBase64(key)]);
    }
  }
  for (const part of ['secrets', 'upload-keys', 'releases', 'details', 'detail-keys']) {
    for (const { where } of await files(join(golden, 'state', part))) {
      secrets.push([`${part}/${where}`, await readFile(join(golden, 'state', part, where))]);
    }
  }
  secrets.push(['answer', fromBase64(facts.document.payload)], ['answer, its cells', Buffer.from('"cells"')]);
  secrets.push(['a name', Buffer.from('Erika Beispiel')]);
  expect(secrets.length).toBeGreaterThan(15);
  const seen = await files(directory);
  const spelled = ([name, bytes]: [string, Uint8Array]): [string, Buffer][] =>
    [
      Buffer.from(bytes),
      Buffer.from(toHex(bytes)),
      Buffer.from(Buffer.from(bytes).toString('base64').replace(/=+$/, '')),
    ].map((needle) => [name, needle]);
  const found = secrets
    .flatMap(spelled)
    .flatMap(([name, needle]) =>
      seen.filter(({ bytes }) => Buffer.from(bytes).includes(needle)).map(({ where }) => `${name} in ${where}`),
    );
  expect(found).toEqual([]);
  // The scan does see what is there: the log's public key, in base64.
  const [, encoded = ''] = /\+[0-9a-f]{8}\+(.*)\n/.exec(await readFile(join(directory, 'keys/log.vkey'), 'utf8')) ?? [];
  expect(seen.filter(({ bytes }) => Buffer.from(bytes).includes(Buffer.from(encoded))).length).toBeGreaterThan(2);
  const allowed =
    /^(?:SHA256SUMS|VERIFY\.md|log\.policy|keys\/(?:log\.vkey|charter\.json)|log\/(?:checkpoint|tile\/[\w./]+)|objects\/[0-9a-f]{64}|receipts\/\d+\.tlog-proof|foreign\/[\w.-]+)$/;
  expect(seen.filter(({ where }) => !allowed.test(where))).toEqual([]);
});

test('openssl is there to run the commands with', () => {
  expect(execFileSync('openssl', ['version'], { encoding: 'utf8' })).toMatch(/^OpenSSL 3/);
});
