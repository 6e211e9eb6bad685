/** Verifying a log in Chromium, with the code the screens verify with, built as they are. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { duplexPair } from 'node:stream';
import { toBase64 } from '@reinraum/protocol';
import { build } from 'vite';
import { serve } from '../../enclave/door.ts';
import type { Enclave } from '../../enclave/enclave.ts';
import { type Installation, serveInstallation } from '../../src/gateway/node.ts';
import { DoorClient } from '../../src/host/door-client.ts';
import type { Rooms } from '../../src/host/rooms.ts';
import { startChromium } from '../support/browser.ts';
import type { LongLog } from '../support/long-log.ts';
import { archiveOf } from './replay-archive.ts';
import type { PageOutcome } from './replay-page.ts';

const page = `<!doctype html><title>replay</title><progress id="bar"></progress><script type="module" src="page.js"></script>`;

/** Serves page, verifier and evidence, and has Chromium verify it in one of two ways. Throws where it does not verify. */
export async function verifiedInChromium(log: LongLog, way: 'whole' | 'asked'): Promise<PageOutcome> {
  const folder = await mkdtemp(join(tmpdir(), 'reinraum-bench-'));
  const objects = [...log.objects].map(([digest, bytes]) => [`objects/${digest}`, bytes] as const);
  const evidence = new Map([...log.files, ...objects]);
  await built(join(folder, 'app'));
  await writeFile(join(folder, 'app', 'index.html'), page);
  if (way === 'whole') await writeFile(join(folder, 'app', 'evidence'), archiveOf([...evidence]));
  const installation = await served(folder, evidence);
  const browser = await startChromium();
  try {
    const tab = await browser.newPage();
    tab.setDefaultTimeout(0);
    await tab.goto(`${installation.url}/app/`);
    const outcome = (await tab.evaluate(running(log.room, way))) as PageOutcome;
    if (outcome.verdict !== 'verified') throw new Error(`the log does not verify in Chromium: ${outcome.verdict}`);
    return outcome;
  } finally {
    await browser.close();
    await installation.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** What the page is told to do. */
function running(room: string, way: string): string {
  const show = `(done, size) => Object.assign(document.querySelector('progress'), { max: size, value: done })`;
  return `window.run(${JSON.stringify(room)}, ['${way}', location.origin], ${show})`;
}

function built(outDir: string): Promise<unknown> {
  const lib = {
    entry: join(import.meta.dirname, 'replay-page.ts'),
    formats: ['es' as const],
    fileName: () => 'page.js',
  };
  return build({
    configFile: false,
    root: import.meta.dirname,
    logLevel: 'warn',
    build: { outDir, emptyOutDir: true, lib, target: 'es2023' },
  });
}

/** Gateway, host and door as in an installation; behind the door evidence in memory, which anybody may read. */
async function served(screens: string, evidence: ReadonlyMap<string, Uint8Array>): Promise<Installation> {
  const [inside, outside] = duplexPair();
  const enclave = { status: () => null, read: async (path: string) => evidence.get(path) };
  serve(
    inside,
    async () => enclave as unknown as Enclave,
    () => undefined,
  );
  const door = new DoorClient(outside);
  await door.ask({ method: 'unlock', key: toBase64(new Uint8Array(32)) });
  const rooms = { has: async () => true, room: async () => ({ door }), close: async () => door.close() };
  return serveInstallation({ rooms: rooms as unknown as Rooms, port: 0, screens });
}
