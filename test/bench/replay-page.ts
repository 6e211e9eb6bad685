/** What runs in Chromium: the verifier of the screens, over evidence loaded from the server that serves this page. */
import '../../src/web/jitless.ts';
import { type ReadObject, verifyLog } from '@reinraum/audit/verifier';
import { entriesOfArchive } from './replay-archive.ts';

/** What came of it. */
export interface PageOutcome {
  readonly verdict: string;
  readonly loadedMs: number;
  readonly verifiedMs: number;
  /** How often the progress bar was moved. */
  readonly progress: number;
}

/** Least time between two moves of the bar, as on the screen of the log. */
const shownEveryMs = 100;

const readEach: ReadObject = async (path) => {
  const answer = await fetch(`/log/${path}`, { cache: 'no-store' });
  return answer.ok ? new Uint8Array(await answer.arrayBuffer()) : undefined;
};

async function readWhole(): Promise<ReadObject> {
  const files = new Map(entriesOfArchive(new Uint8Array(await (await fetch('/evidence')).arrayBuffer())));
  return async (path) => files.get(path);
}

/**
 * Verifies evidence as the log of a room and shows how far it is. `whole`: loaded beforehand as the one file `/evidence`;
 * `each`: every tile and object is asked for below `/log/` when it is needed, as the screens do.
 */
export async function verifyEvidence(
  room: string,
  way: 'whole' | 'each',
  show: (done: number, size: number) => void,
): Promise<PageOutcome> {
  const begun = performance.now();
  const read = way === 'each' ? readEach : await readWhole();
  const loaded = performance.now();
  let shownMs = 0;
  let progress = 0;
  const verdict = await verifyLog({
    fetch: read,
    readObject: (digest) => read(`objects/${digest}`),
    room,
    each(index, _bytes, size) {
      const nowMs = performance.now();
      if (nowMs - shownMs < shownEveryMs && index + 1 < size) return;
      shownMs = nowMs;
      progress += 1;
      show(index + 1, size);
    },
  });
  const said = verdict.verified ? 'verified' : `${verdict.rule} at entry ${verdict.entry}`;
  return { verdict: said, loadedMs: loaded - begun, verifiedMs: performance.now() - loaded, progress };
}
