/** How fast a whole log is verified, on Node and in Chromium: `npm run bench -- replay [entries with a statement]`. */
import { cpus, loadavg } from 'node:os';
import { sha256 } from '@noble/hashes/sha2.js';
import { type Examined, examine, leafHash, Replay, rootOf, verifyLog } from '@reinraum/audit';
import { decodeEntry, fromBase64, parseStatement, payloadType, preAuthentication, verify } from '@reinraum/protocol';
import { chromiumPath, needsChromium } from '../support/browser.ts';
import { type LongLog, longLog } from '../support/long-log.ts';
import { verifiedInChromium } from './replay-chromium.ts';
import { print } from './timed.ts';

/** Signatures asked for at once, about as many as the verifier has under way. */
const atOnce = 768;
/** Writes a log in which `statements` entries each carry one of their own, verifies it in both places and prints what it took. */
export async function benchReplay(statements: number): Promise<void> {
  const begun = performance.now();
  const log = await longLog(statements);
  print(`log of ${log.size} entries, ${log.signed} with a statement of their own; written in ${secondsSince(begun)} s`);
  print(`${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}`);
  const cpu = process.cpuUsage();
  await measured('Node: verifyLog', log, async () => {
    const verdict = await verifyLog(log);
    if (!verdict.verified) throw new Error(`the log does not verify: ${verdict.rule} at entry ${verdict.entry}`);
  });
  const { user, system } = process.cpuUsage(cpu);
  print(`  processor time, all threads together ${((user + system) / 1e6).toFixed(2)} s`);
  await parts(log);
  if (!chromiumPath) return print(`skipped: Chromium (${needsChromium})`);
  const { loadedMs, verifiedMs, progress } = await verifiedInChromium(log, 'whole');
  line('Chromium: evidence loaded, one file', loadedMs, log);
  line('Chromium: verifyLog with a progress bar', verifiedMs, log);
  print(`  the bar was moved ${progress} times`);
  const asked = await verifiedInChromium(log, 'asked');
  line('Chromium: the same, asked of a room', asked.verifiedMs, log);
}

/** What the parts of a verification take, each alone, over the whole log. */
async function parts(log: LongLog): Promise<void> {
  const { entries } = log;
  const signed = entries.flatMap((entry) => decodeEntry(entry).statements.map((one) => signedBytes(log, one)));
  await measured('  alone: form of entries', log, () => entries.map(decodeEntry));
  await measured('  alone: form of statements', log, () => signed.map(({ payload }) => parseStatement(payload)));
  await measured('  alone: hashes of objects', log, () => [...log.objects.values()].map((object) => sha256(object)));
  await measured('  alone: hashes of the tree', log, () => rootOf(entries.map(leafHash)));
  await measured('  alone: signatures', log, async () => {
    for (let from = 0; from < signed.length; from += atOnce) {
      await Promise.all(
        signed.slice(from, from + atOnce).map(({ key, message, signature }) => verify(key, message, signature)),
      );
    }
  });
  const examined: Examined[] = [];
  for (const entry of entries) examined.push(await examine(entry, log.readObject));
  await measured('  alone: rules', log, async () => {
    const replay = new Replay(log.readObject);
    for (const one of examined) await replay.apply(one);
  });
}

function signedBytes(log: LongLog, { digest, signature }: { readonly digest: string; readonly signature: string }) {
  const payload = log.objects.get(digest) ?? new Uint8Array();
  const key = fromBase64(parseStatement(payload).key);
  return { payload, key, message: preAuthentication(payloadType, payload), signature: fromBase64(signature) };
}

async function measured(what: string, log: LongLog, work: () => unknown): Promise<void> {
  const begun = performance.now();
  await work();
  line(what, performance.now() - begun, log);
}

const secondsSince = (ms: number): string => ((performance.now() - ms) / 1000).toFixed(1);

function line(what: string, ms: number, { size }: LongLog): void {
  const rate = `${Math.round((1000 * size) / ms)}`;
  print(`${what.padEnd(46)} ${(ms / 1000).toFixed(2).padStart(8)} s ${rate.padStart(9)} entries/s`);
}
