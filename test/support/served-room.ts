/** The small room behind a real `reinraum serve`, with a real `reinraum dataset upload`: processes a test can kill. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeKeyFile } from '../../src/cli/key-store.ts';
import { repositoryRoot } from '../../src/cli/root.ts';
import { foundingOf, type Instance, instanceOf } from '../../src/client/instance.ts';
import { RoomClient, RoomPublic, verifiedClaims } from '../../src/client/room-client.ts';
import { type FaultyLine, faultyLine } from './faulty-line.ts';
import { debtors, type People, people, residents, signatures, template } from './small-room.ts';

const main = join(repositoryRoot, 'src', 'cli', 'main.ts');

/** A command that runs. */
export interface Running {
  readonly process: ChildProcess;
  /** Exit code – null where it was killed – and what was said. */
  readonly ended: Promise<{ code: number | null; out: string; said: string }>;
}

/** The room with its processes. */
export interface ServedRoom {
  readonly folder: string;
  readonly state: string;
  readonly uploads: string;
  readonly line: FaultyLine;
  readonly instance: Instance;
  readonly people: People;
  /** The process of gateway and host. */
  server(): ChildProcess;
  client(person: keyof People): RoomClient;
  /** Kills gateway and host, and with them the enclave, and starts them again on the same directory. */
  killServer(): Promise<void>;
  /** Kills the enclave alone. */
  killEnclave(): Promise<void>;
  /** Starts `reinraum dataset <words>` as the city's steward, over the line. */
  dataset(...words: readonly string[]): Running;
  /** The words of an upload of residents. */
  upload(file: string, ...more: readonly string[]): Running;
  close(): Promise<void>;
}

/** Starts the processes and founds the room. */
export async function servedRoom(): Promise<ServedRoom> {
  const folder = await mkdtemp(join(tmpdir(), 'reinraum-served-'));
  const line = await faultyLine();
  let serving = await serve(folder);
  line.lead(serving.url);
  const everyone = people();
  const address = { url: line.url, room: 'small' };
  const cards = Object.values(everyone).map(({ member }) => member);
  const claims = await verifiedClaims(new RoomPublic(address));
  const instance = instanceOf(template(), [residents, debtors], cards, claims);
  await new RoomPublic(address).found(foundingOf(instance, await signatures(instance, everyone)));
  await writeFile(join(folder, 'charter.json'), JSON.stringify(instance));
  await writeKeyFile(join(folder, 'steward.key'), everyone.steward);
  const place = ['--url', line.url, '--room', 'small', '--charter', 'charter.json', '--key', 'steward.key'];
  const declared = ['--dataset', 'residents', '--purpose', 'planning', '--legal-basis', 'dsgvo-6-1-e'];
  const dataset = (...words: readonly string[]) => run(folder, ['dataset', ...words, ...place]);
  return {
    folder,
    state: join(folder, 'installation', 'rooms', 'small', 'state'),
    uploads: join(folder, 'installation', 'rooms', 'small', 'uploads'),
    line,
    instance,
    people: everyone,
    server: () => serving.process,
    client: (person) => new RoomClient(address, instance.charter, everyone[person]),
    async killServer() {
      await killed(serving.process);
      serving = await serve(folder);
      line.lead(serving.url);
    },
    async killEnclave() {
      const { pid } = serving.process;
      const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
      for (const child of children.trim().split(' ')) process.kill(Number(child), 'SIGKILL');
    },
    dataset,
    upload: (file, ...more) => dataset('upload', file, ...declared, '--valid-until', '2035-12-31', ...more),
    async close() {
      await line.close();
      serving.process.kill('SIGTERM');
      await new Promise((resolve) => serving.process.once('exit', resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Kills a process and waits until it is gone. */
export async function killed(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return;
  const exited = new Promise((resolve) => process.once('exit', resolve));
  process.kill('SIGKILL');
  await exited;
}

/** Directory `dataset upload` keeps the sealed file of residents in. */
export async function spoolOf({ folder }: Pick<ServedRoom, 'folder'>): Promise<string> {
  const root = join(folder, '.reinraum-spool');
  const [name = 'none'] = await readdir(root).catch(() => []);
  return join(root, name);
}

async function serve(folder: string): Promise<{ process: ChildProcess; url: string }> {
  const words = ['serve', '--state', 'installation', '--room', 'small', '--port', '0'];
  const { process, ended } = run(folder, words);
  const url = new Promise<string>((resolve) => {
    process.stderr?.on('data', (piece: Buffer) => {
      const found = /serving on (http:\S+)/.exec(String(piece))?.[1];
      if (found) resolve(found);
    });
  });
  const failed = ended.then(({ said }) => Promise.reject(new Error(`the server ended: ${said}`)));
  failed.catch(() => undefined);
  return { process, url: await Promise.race([url, failed]) };
}

function run(folder: string, words: readonly string[]): Running {
  const child = spawn(process.execPath, [main, ...words], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let said = '';
  child.stdout.on('data', (piece: Buffer) => void (out += String(piece)));
  child.stderr.on('data', (piece: Buffer) => void (said += String(piece)));
  const ended = new Promise<{ code: number | null; out: string; said: string }>((resolve) => {
    child.once('close', (code) => resolve({ code, out: out.trim(), said }));
  });
  return { process: child, ended };
}
