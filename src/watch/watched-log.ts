/** Logs that can be watched: a directory, its copy on a web server, and a room of an installation. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { directoryFetch } from '@reinraum/audit';
import { type RoomClient, RoomProblem } from '@reinraum/client';
import { Unreachable, type WatchedLog } from './follower.ts';

/** A state directory, a copy of one, or an evidence bundle. What is not there is no answer, but for a wrong path. */
export function watchedDirectory(directory: string): WatchedLog {
  const fetch = directoryFetch(join(directory, 'log'));
  return {
    fetch: (path) => answered(answerMaxMs, () => fetch(path)),
    readObject: (digest) => answered(answerMaxMs, () => readFile(join(directory, 'objects', digest)).catch(absent)),
  };
}

/** The same files below an address. Everything but 200 and 404 is no answer, and so is one that takes longer than `answerMs`. */
export function watchedAddress(url: string, request: typeof fetch, answerMs: number = answerMaxMs): WatchedLog {
  const file = (path: string) =>
    answered(answerMs, async () => {
      const answer = await request(`${url.replace(/\/$/, '')}/${path}`, { cache: 'no-store' });
      if (answer.status === 404) return undefined;
      if (answer.status !== 200) throw new TypeError('no file');
      return new Uint8Array(await answer.arrayBuffer());
    });
  return { fetch: (path) => file(`log/${path}`), readObject: (digest) => file(`objects/${digest}`) };
}

/**
 * A room as its members read it. The checkpoint is public; tiles need a session, which is opened when something is to be read
 * and used until the room does not take it any more. Opening one is an entry of the log: reading the log is logged.
 */
export function watchedRoom(client: RoomClient): WatchedLog {
  let session: string | undefined;
  const file = async (path: string): Promise<Uint8Array | undefined> => {
    session ??= await client.session();
    return await client.public.logFetch(session)(path);
  };
  const renewed = async (path: string) => {
    try {
      return await file(path);
    } catch (error) {
      if (!(error instanceof RoomProblem && error.code === 'session-invalid')) throw error;
      session = undefined;
      return await file(path);
    }
  };
  const head = async () => new Uint8Array(await (await client.public.fetch('/log/checkpoint', noStore)).arrayBuffer());
  return {
    fetch: (path) => answered(answerMaxMs, () => (path === 'checkpoint' ? head() : renewed(path))),
    readObject: (digest) => answered(answerMaxMs, () => renewed(`objects/${digest}`)),
  };
}

const noStore: RequestInit = { cache: 'no-store' };

/** Longest time one file may take: who holds an answer back for ever must not keep the watch from warning. */
const answerMaxMs = 60_000;

/** Whatever goes wrong between here and the bytes, or takes too long, says nothing about the log. */
async function answered<T>(answerMs: number, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), answerMs);
  });
  try {
    return await Promise.race([work(), late]);
  } catch (cause) {
    throw new Unreachable('the log does not answer', { cause });
  } finally {
    clearTimeout(timer);
  }
}

function absent(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
  throw error;
}
