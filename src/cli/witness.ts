/** `reinraum witness`: a witness of one's own, for the logs of others. */
import { randomBytes } from 'node:crypto';
import { open, readFile, rm, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { cosigner, type LogVerifier, PolicyError, parsePolicyLogs } from '@reinraum/audit';
import { signingKey, toHex } from '@reinraum/protocol';
import type { Command } from 'commander';
import { pinoAccessLog } from '../gateway/node.ts';
import { createFileStore } from '../witness/file-store.ts';
import { serveWitness } from '../witness/node.ts';
import { formatWitnessKey, parseWitnessKey, type WitnessKey } from '../witness/witness-key.ts';
import { print, say } from './output.ts';
import { interrupted } from './serve.ts';

interface RunWords {
  readonly key: string;
  readonly logs?: string;
  readonly log?: readonly string[];
  readonly state: string;
  readonly listen: string;
}

/** Adds the commands. */
export function addWitness(program: Command): void {
  const witness = program.command('witness').description('run a witness, which cosigns what only grows');
  witness
    .command('keygen')
    .description('make the key of a witness and the state that belongs to it; prints the verifier key')
    .requiredOption('--name <name>', 'name of the witness, such as zeuge.stadt.example')
    .requiredOption('--out <file>', 'key file to write (mode 0600, never replaced)')
    .requiredOption('--state <directory>', 'directory for the state, which is made')
    .action(keygen);
  witness
    .command('run')
    .description('serve a witness until interrupted')
    .requiredOption('--key <file>', 'key file of the witness')
    .requiredOption('--state <directory>', 'the state that was made with the key')
    .option('--logs <file>', 'the logs to watch: lines "log <vkey>", or a whole policy')
    .option('--log <vkey...>', 'a log to watch; may be given several times')
    .option('--listen <host:port>', 'address to listen on', '127.0.0.1:8490')
    .action(run);
}

async function keygen({ name, out, state }: { name: string; out: string; state: string }): Promise<void> {
  const key: WitnessKey = { name, key: signingKey(new Uint8Array(randomBytes(32))) };
  const text = textOf(key);
  const { vkey } = cosigner(name, key.key, () => 0n);
  const file = await open(out, 'wx', 0o600);
  try {
    await file.write(text);
    await file.sync();
    await createFileStore({ directory: resolve(state), vkey });
  } catch (error) {
    // A key without its state would never start.
    await rm(out);
    throw error;
  } finally {
    await file.close();
  }
  print(vkey);
}

/** Throws an error that says what is wrong with the name. */
function textOf(key: WitnessKey): string {
  try {
    return formatWitnessKey(key);
  } catch (cause) {
    const message = '--name: Ein Name ohne Leerzeichen und ohne „+“. / A name without white space and without “+”.';
    throw new Error(message, { cause });
  }
}

async function run(options: RunWords): Promise<void> {
  const key = await readWitnessKey(options.key);
  const logs = await watchedLogs(options);
  const stop = interrupted();
  const { promise: failed, resolve: fail } = Promise.withResolvers<'failed'>();
  const listening = await serveWitness({
    key,
    logs,
    state: resolve(options.state),
    ...addressOf(options.listen),
    nowMs: () => Date.now(),
    accessLog: pinoAccessLog(),
    onFailure: () => fail('failed'),
  });
  say(`witness ${key.name} on ${listening.url}`);
  const end = await Promise.race([stop, failed]);
  await listening.close();
  if (end === 'failed') {
    throw new Error(
      'Der Zustand ließ sich nicht schreiben; nichts wird mehr bezeugt. / The state could not be written; nothing is cosigned any more.',
    );
  }
}

/** Throws an error that names the path, never what is in it. */
async function readWitnessKey(path: string): Promise<WitnessKey> {
  const mode = (await stat(path).catch(() => undefined))?.mode;
  if (mode !== undefined && (mode & 0o077) !== 0) {
    throw new Error(
      `${path}: Andere auf dieser Maschine können den Schlüssel lesen; Rechte auf 0600 setzen. / Others on this machine may read the key; set its mode to 0600.`,
    );
  }
  const key = parseWitnessKey(await readFile(path, 'utf8').catch(() => ''));
  if (key) return key;
  throw new Error(`${path}: Keine Schlüsseldatei von „witness keygen“. / No key file of “witness keygen”.`);
}

/** The keys of the logs to watch, each once. */
async function watchedLogs({ logs: path, log = [] }: RunWords): Promise<readonly LogVerifier[]> {
  const fromFile = path === undefined ? [] : logsIn(path, await readFile(path));
  const given = log.flatMap((vkey) => logsIn('--log', `log ${vkey}\n`));
  const byKey = new Map([...fromFile, ...given].map((key) => [toHex(key.publicKey), key]));
  if (byKey.size === 0) throw new Error('Kein Protokoll: --logs oder --log angeben. / No log: give --logs or --log.');
  return [...byKey.values()];
}

function logsIn(where: string, text: string | Uint8Array): LogVerifier[] {
  try {
    return parsePolicyLogs(text).map(({ key }) => key);
  } catch (error) {
    throw error instanceof PolicyError ? new Error(`${where}: ${error.message}`, { cause: error }) : error;
  }
}

/** `host:port`, an IPv6 address in brackets. */
function addressOf(listen: string): { readonly hostname: string; readonly port: number } {
  const [, host = '', port = ''] = /^(\[[0-9a-fA-F:.]+\]|[^:[\]\s]+):(\d{1,5})$/.exec(listen) ?? [];
  if (host === '' || Number(port) > 65_535) {
    throw new Error('--listen: HOST:PORT, zum Beispiel 127.0.0.1:8490. / HOST:PORT, such as 127.0.0.1:8490.');
  }
  return { hostname: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}
