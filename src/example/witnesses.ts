/**
 * Witnesses of an example room: one for each name in its charter, with keys and states of their own. They run on this machine and
 * in this process, which is enough to see them work and not enough to be independent.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { cosigner, logKeyOf } from '@reinraum/audit';
import { type Instance, roomOf } from '@reinraum/client';
import { signingKey, type Witness } from '@reinraum/protocol';
import type { Listening } from '../gateway/listen.ts';
import { createFileStore } from '../witness/file-store.ts';
import { serveWitness } from '../witness/node.ts';
import { formatWitnessKey, parseWitnessKey, type WitnessKey } from '../witness/witness-key.ts';

const hostname = '127.0.0.1';

/** Keys and addresses for a charter's witnesses; made below `directory` where there are none. */
export async function exampleWitnesses(names: readonly string[], directory: string): Promise<Witness[]> {
  const witnesses: Witness[] = [];
  for (const name of names) {
    const key = await keyOf(name, directory);
    const { vkey } = cosigner(name, key.key, () => 0n);
    witnesses.push({ key: vkey, url: `http://${hostname}:${await freePort()}` });
  }
  return witnesses;
}

/** What {@link serveExampleWitnesses} works with. */
export interface ExampleWitnessOptions {
  readonly instance: Instance;
  /** Where {@link exampleWitnesses} has made their keys. */
  readonly directory: string;
  readonly nowMs: () => number;
  /** Those of the charter that are served; all of them by default. */
  readonly witnesses?: readonly Witness[];
}

/** Serves the witnesses of a founded room at the addresses of its charter. Throws where one is taken. */
export async function serveExampleWitnesses({
  instance,
  directory,
  nowMs,
  witnesses = instance.charter.witnesses,
}: ExampleWitnessOptions): Promise<Listening> {
  const logs = [logKeyOf(instance.charter, roomOf(instance))];
  const served: Listening[] = [];
  const close = async () => {
    await Promise.all(served.map((one) => one.close()));
  };
  try {
    for (const { key: vkey, url } of witnesses) {
      const name = vkey.slice(0, vkey.indexOf('+'));
      const { port } = new URL(url);
      const key = await keyOf(name, directory);
      const state = join(directory, name, 'state');
      served.push(await serveWitness({ key, logs, state, port: Number(port), hostname, nowMs }));
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { url: witnesses.map(({ url }) => url).join(' '), close };
}

async function keyOf(name: string, directory: string): Promise<WitnessKey> {
  const folder = join(directory, name);
  const path = join(folder, 'witness.key');
  if (existsSync(path)) {
    const known = parseWitnessKey(await readFile(path, 'utf8'));
    if (!known) throw new Error(`${path}: no key of a witness`);
    return known;
  }
  const key: WitnessKey = { name, key: signingKey(new Uint8Array(randomBytes(32))) };
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // State and key belong together: neither is ever made anew for the other.
  await createFileStore({ directory: join(folder, 'state'), vkey: cosigner(name, key.key, () => 0n).vkey });
  await writeFile(path, formatWitnessKey(key), { flag: 'wx', mode: 0o600 });
  return key;
}

/** A port nobody listens on; somebody may, by the time it is used. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, hostname, resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}
