/** What runs in Chromium: the verifier of the screens, over evidence loaded from the server that serves this page. */
import '../../src/web/jitless.ts';
import { type Evidence, verifyLog } from '@reinraum/audit/verifier';
import { logEvidence, RoomPublic } from '@reinraum/client';
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

async function whole(room: string): Promise<Evidence> {
  const files = new Map(entriesOfArchive(new Uint8Array(await (await fetch('/app/evidence')).arrayBuffer())));
  const read = async (path: string) => files.get(path);
  return { fetch: read, readObject: (digest) => read(`objects/${digest}`), room };
}

/** `url` is where this page is from. */
function asked(room: string, url: string): Promise<Evidence> {
  return logEvidence({ public: new RoomPublic({ url, room: 'long' }), roomId: room }, '');
}

/**
 * Verifies evidence as the log of a room and shows how far it is. `whole`: loaded beforehand as one file; `asked`: the room
 * is asked for it as the verification goes on, as the screens do.
 */
async function verifyEvidence(
  room: string,
  [way, url]: readonly [way: 'whole' | 'asked', url: string],
  show: (done: number, size: number) => void,
): Promise<PageOutcome> {
  const begun = performance.now();
  const evidence = await (way === 'asked' ? asked(room, url) : whole(room));
  const loaded = performance.now();
  let shownMs = 0;
  let progress = 0;
  const verdict = await verifyLog({
    ...evidence,
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

Object.assign(globalThis, { run: verifyEvidence });
