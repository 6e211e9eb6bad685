/** Two witnesses as processes and a log as the room writes it: from keys to a receipt that stands on a quorum, and a rollback. */
import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  addCheckpointBytesMax,
  cosignatureVerifier,
  ed25519Verifier,
  evaluatePolicy,
  formatVkey,
  intersecting,
  Log,
  parsePolicy,
  requestCosignature,
  verifyReceipt,
} from '@reinraum/audit';
import { fromBase64, signingKey, utf8 } from '@reinraum/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { repositoryRoot } from '../../src/cli/root.ts';
import { makeWitness, post, type RunningWitness, startWitness } from '../support/running-witness.ts';
import { keyOf } from '../support/witnessed-log.ts';

const run = promisify(execFile);
const main = join(repositoryRoot, 'src', 'cli', 'main.ts');
const cli = (cwd: string, ...words: readonly string[]) => run(process.execPath, [main, ...words], { cwd });
const origin = 'reinraum.example/log';
const names = ['stadt', 'auskunftei'] as const;

let folder: string;
let log: Log;
const vkeys: string[] = [];
const witnesses: RunningWitness[] = [];
const open = (directory: string) => Log.open({ directory, origin, signingKey: keyOf(1) });
const place = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reinraum-witnesses-'));
  log = await open(place('log'));
  for (const name of names) {
    await mkdir(place(name));
    vkeys.push(await makeWitness(place(name), `zeuge.${name}.example`));
    witnesses.push(await startWitness(place(name), [log.vkey]));
  }
});
afterAll(async () => {
  for (const { process } of witnesses) process.kill('SIGTERM');
  await Promise.all(witnesses.map(({ ended }) => ended));
  await log?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Asks a witness for its cosignature of a log's checkpoint. */
const ask = (of: Log, at: number) =>
  requestCosignature({
    fetch,
    url: witnesses[at]?.url ?? '',
    witness: cosignatureVerifier(vkeys[at] ?? ''),
    checkpoint: of.checkpoint(),
    consistency: (from, to) => of.consistency(from, to),
  });
const policyText = () =>
  [
    `log ${log.vkey}`,
    ...names.map((name, at) => `witness ${name} ${vkeys[at] ?? ''} ${witnesses[at]?.url ?? ''}`),
    `group both all ${names.join(' ')}`,
    'quorum both',
    '',
  ].join('\n');

describe('a log with two witnesses', () => {
  test('gains the quorum, entry after entry', async () => {
    const policy = parsePolicy(policyText());
    expect(intersecting(policy)).toBe(true);
    for (const count of [1, 2, 300]) {
      await Promise.all(Array.from({ length: count }, (_, at) => log.append(utf8(`entry ${log.size} ${at}`))));
      await log.publish();
      expect((await evaluatePolicy(policy, log.checkpoint())).quorum).toBe(false);
      const { size } = log.published;
      for (const at of names.keys()) {
        const answered = await ask(log, at);
        if (answered.outcome !== 'cosigned') throw new Error(answered.outcome);
        expect(Math.abs(Number(answered.timeSeconds) - Date.now() / 1000)).toBeLessThan(60);
        expect(await log.attach(size, [answered.signature])).toBe(true);
        expect((await evaluatePolicy(policy, log.checkpoint())).quorum).toBe(at === 1);
      }
    }
    const { checkpoint } = await verifyReceipt(
      await log.entry(2),
      await log.receipt(2),
      ed25519Verifier(log.vkey),
      policy.witnesses.map(({ key }) => key),
    );
    expect(checkpoint.verified.map(({ name }) => name)).toEqual([
      origin,
      'zeuge.stadt.example',
      'zeuge.auskunftei.example',
    ]);
    expect(await readFile(join(place('log'), 'checkpoint'), 'utf8')).toBe(log.checkpoint());
  });

  test('cannot go back: the witnesses are ahead of a restored copy, and refuse another history', async () => {
    await log.close();
    await cp(place('log'), place('copy'), { recursive: true });
    log = await open(place('log'));
    const before = log.size;
    await log.appendPublished(utf8('after the copy'));
    expect((await ask(log, 0)).outcome).toBe('cosigned');
    const restored = await open(place('copy'));
    expect(await ask(restored, 0)).toEqual({ outcome: 'ahead', size: before + 1 });
    // It goes on in its own way: as large as the true one, and larger.
    await restored.appendPublished(utf8('another history'));
    expect(await ask(restored, 0)).toEqual({ outcome: 'refused', status: 422 });
    await restored.appendPublished(utf8('and more of it'));
    expect(await ask(restored, 0)).toEqual({ outcome: 'refused', status: 422 });
    // The other witness has not seen the end of the true one: that is what a quorum of both is for.
    expect((await ask(restored, 1)).outcome).toBe('cosigned');
    expect(await ask(log, 1)).toMatchObject({ outcome: 'ahead' });
    expect((await evaluatePolicy(parsePolicy(policyText()), restored.checkpoint())).quorum).toBe(false);
    await restored.close();
  });

  test('is seen with its last size on the page of the witness, in German and English', async () => {
    const answer = await fetch(`${witnesses[0]?.url}/`);
    const page = await answer.text();
    expect(answer.headers.get('content-type')).toBe('text/html; charset=UTF-8');
    for (const text of ['zeuge.stadt.example', vkeys[0] ?? '', origin, `<td>${log.size}</td>`, '<html lang="de">']) {
      expect(page).toContain(text);
    }
    expect(page).toMatch(/Dieser Zeuge .*<span lang="en">This witness /);
    expect(page).not.toMatch(/<script|<style|<link|<img/);
  });
});

describe('the server', () => {
  const url = () => witnesses[0]?.url ?? '';

  test('has the gateway’s security headers on every answer, and nothing is kept on the way', async () => {
    const answers = [
      await fetch(`${url()}/`),
      await fetch(`${url()}/nowhere`),
      await fetch(`${url()}/add-checkpoint`),
      await fetch(`${url()}/add-checkpoint`, { method: 'POST', body: 'x' }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 404, 405, 400]);
    for (const { headers } of answers) {
      expect(headers.get('content-security-policy')).toBe(
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
      );
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('strict-transport-security')).toContain('max-age=');
      expect(headers.get('cache-control')).toBe('no-store');
    }
    expect(answers[2]?.headers.get('allow')).toBe('POST');
  });

  test('says how a request failed, and a body may be so long and no longer', async () => {
    expect(await post(url(), utf8('old 0\n'))).toMatchObject({ status: 400, type: 'text/plain; charset=utf-8' });
    const atLimit = await post(url(), new Uint8Array(addCheckpointBytesMax).fill(0x41));
    const above = await post(url(), new Uint8Array(addCheckpointBytesMax + 1).fill(0x41));
    expect([atLimit.status, above.status]).toEqual([400, 413]);
    expect(above.text).toMatch(/^Die Anfrage ist zu groß.\nThe request is too large.\n$/);
    const pieces = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(50_000)),
    });
    const endless = { method: 'POST', body: pieces, duplex: 'half' } as RequestInit;
    // Whoever sends without end is answered or cut off, never waited for.
    const status = await fetch(`${url()}/add-checkpoint`, endless).then(
      (answer) => answer.status,
      () => 413,
    );
    expect(status).toBe(413);
  });

  test('logs shapes and times, nothing else', () => {
    const lines = (witnesses[0]?.said() ?? '').split('\n').filter((line) => line.startsWith('{'));
    expect(lines.length).toBeGreaterThan(5);
    for (const line of lines) {
      expect(Object.keys(JSON.parse(line) as object)).toEqual([
        'level',
        'time',
        'method',
        'route',
        'status',
        'durationMs',
      ]);
    }
    expect(witnesses[0]?.said()).not.toContain(origin);
  });
});

describe('the command line', () => {
  test('keygen makes a key for its owner only, with its state, and replaces neither', async () => {
    const { mode } = await stat(join(place('stadt'), 'witness.key'));
    expect(mode & 0o777).toBe(0o600);
    const key = await readFile(join(place('stadt'), 'witness.key'), 'utf8');
    const words = ['witness', 'keygen', '--name', 'w.example'];
    await expect(cli(place('stadt'), ...words, '--out', 'witness.key', '--state', 'new')).rejects.toThrow(/EEXIST/);
    await expect(cli(place('stadt'), ...words, '--out', 'new.key', '--state', 'state')).rejects.toThrow(/state-exists/);
    await expect(stat(join(place('stadt'), 'new.key'))).rejects.toThrow(/ENOENT/);
    expect(await readFile(join(place('stadt'), 'witness.key'), 'utf8')).toBe(key);
    expect(key).not.toContain(vkeys[0]?.split('+').at(-1));
    const misnamed = cli(place('stadt'), 'witness', 'keygen', '--name', 'a b', '--out', 'x.key', '--state', 'x');
    await expect(misnamed).rejects.toThrow(/--name: Ein Name ohne .* \/ A name without/);
  });

  test('run takes its logs from a policy or from lines of it', async () => {
    await mkdir(place('third'));
    await makeWitness(place('third'));
    await writeFile(join(place('third'), 'policy'), policyText());
    await writeFile(join(place('third'), 'logs'), `# watched\nlog ${log.vkey}\n`);
    for (const file of ['policy', 'logs']) {
      const witness = await startWitness(place('third'), [], main, ['--logs', file]);
      expect(await (await fetch(`${witness.url}/`)).text()).toContain(origin);
      witness.process.kill('SIGTERM');
      expect(await witness.ended).toBe(0);
    }
  });

  test('run refuses what is not right, in both languages and without showing keys', async () => {
    const third = place('third');
    const given = ['witness', 'run', '--key', 'witness.key', '--state', 'state', '--listen', '127.0.0.1:0'];
    const refused = async (words: readonly string[], message: RegExp) => {
      const error = await cli(third, ...words).then(
        () => new Error('it ran'),
        (failure: Error) => failure,
      );
      expect(error.message).toMatch(message);
      expect(error.message).not.toContain('PRIVATE');
    };
    await refused(given, /Kein Protokoll: .* \/ No log: /);
    await writeFile(join(third, 'wrong'), `# a comment\nlog ${vkeys[0] ?? ''}\n`);
    await refused([...given, '--logs', 'wrong'], /wrong: vkey-malformed: Zeile 2: .* \/ line 2: /);
    await refused([...given, '--log', 'nonsense'], /--log: vkey-malformed: /);
    await refused([...given, '--log', log.vkey, '--listen', '8490'], /--listen: HOST:PORT/);
    await refused([...given, '--log', log.vkey, '--listen', 'localhost:70000'], /--listen: HOST:PORT/);
    await refused([...given, '--log', log.vkey, '--state', 'nowhere'], /state-missing: /);
    await expect(stat(join(third, 'nowhere'))).rejects.toThrow(/ENOENT/);
    await cp(join(place('stadt'), 'witness.key'), join(third, 'foreign.key'));
    await refused([...given, '--log', log.vkey, '--key', 'foreign.key'], /state-foreign: /);
    // The key is base64, which may hold a plus sign of its own.
    const key = (await readFile(join(third, 'witness.key'), 'utf8')).trim();
    const [, name = '', encoded = ''] = /^PRIVATE\+KEY\+([^+]+)\+[0-9a-f]+\+(.+)$/.exec(key) ?? [];
    const own = formatVkey(name, signingKey(fromBase64(encoded).slice(1)).publicKey);
    await refused([...given, '--log', own], /Zeuge und Protokoll .* \/ A witness and a log must not share a key/);
    await chmod(join(third, 'foreign.key'), 0o640);
    await refused([...given, '--log', log.vkey, '--key', 'foreign.key'], /Andere auf .* \/ Others on this machine/);
    await writeFile(join(third, 'torn.key'), 'PRIVATE+KEY+w', { mode: 0o600 });
    await refused([...given, '--log', log.vkey, '--key', 'torn.key'], /Keine Schlüsseldatei .* \/ No key file/);
  });
});
