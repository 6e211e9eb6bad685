/** Verifying a log in Chromium, with the code the screens verify with, built as they are. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'vite';
import { startChromium } from '../support/browser.ts';
import type { LongLog } from '../support/long-log.ts';
import { archiveOf } from './replay-archive.ts';
import type { PageOutcome } from './replay-page.ts';

const page = `<!doctype html><title>replay</title><progress id="bar"></progress><script type="module">
import { verifyEvidence } from '/page.js';
const bar = document.getElementById('bar');
window.run = (room, way) => verifyEvidence(room, way, (done, size) => { bar.max = size; bar.value = done; });
</script>`;

/** Serves page, verifier and evidence, and has Chromium verify it in one of two ways. Throws where it does not verify. */
export async function verifiedInChromium(log: LongLog, way: 'whole' | 'each'): Promise<PageOutcome> {
  const objects = [...log.objects].map(([digest, bytes]) => [`objects/${digest}`, bytes] as const);
  const server = await served(await built(), new Map([...log.files, ...objects]));
  const browser = await startChromium();
  try {
    const tab = await browser.newPage();
    tab.setDefaultTimeout(0);
    await tab.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await tab.waitForFunction('typeof window.run === "function"');
    const outcome = (await tab.evaluate(`window.run(${JSON.stringify(log.room)}, '${way}')`)) as PageOutcome;
    if (outcome.verdict !== 'verified') throw new Error(`the log does not verify in Chromium: ${outcome.verdict}`);
    return outcome;
  } finally {
    await browser.close();
    server.closeAllConnections();
    server.close();
  }
}

async function built(): Promise<Uint8Array> {
  const outDir = await mkdtemp(join(tmpdir(), 'reinraum-bench-'));
  const entry = join(import.meta.dirname, 'replay-page.ts');
  try {
    const lib = { entry, formats: ['es' as const], fileName: () => 'page.js' };
    await build({
      configFile: false,
      root: import.meta.dirname,
      logLevel: 'warn',
      build: { outDir, emptyOutDir: true, lib, target: 'es2023' },
    });
    return await readFile(join(outDir, 'page.js'));
  } finally {
    await rm(outDir, { recursive: true, force: true });
  }
}

function served(script: Uint8Array, evidence: ReadonlyMap<string, Uint8Array>): Promise<Server> {
  const server = createServer(({ url = '' }, response) => {
    const answer = (type: string, body: string | Uint8Array | undefined) =>
      response.writeHead(body === undefined ? 404 : 200, { 'content-type': type }).end(body);
    if (url === '/') answer('text/html', page);
    else if (url === '/page.js') answer('text/javascript', script);
    else if (url === '/evidence') answer('application/octet-stream', archiveOf([...evidence]));
    else answer('application/octet-stream', evidence.get(url.replace(/^\/log\//, '')));
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}
