/**
 * A room whose enclave runs in this process, under a clock and a measurement that are given: how a state directory of an
 * earlier build is opened. Host API, gateway and clients are the real ones; there is no sandbox.
 */
import { execFileSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { duplexPair } from 'node:stream';
import { toBase64 } from '@reinraum/protocol';
import type { Step } from '../../enclave/answer.ts';
import { serve } from '../../enclave/door.ts';
import { Enclave } from '../../enclave/enclave.ts';
import type { FillRandom } from '../../enclave/privacy/bits.ts';
import { serveInstallation } from '../../src/gateway/node.ts';
import { DoorClient } from '../../src/host/door-client.ts';
import type { Rooms } from '../../src/host/rooms.ts';
import { Uploads } from '../../src/host/uploads.ts';

/** How the room is run. */
export interface InProcessOptions {
  /** Holds `state`, `uploads`; made where it is missing. */
  readonly directory: string;
  readonly measurement: string;
  readonly operatorKey: Uint8Array;
  readonly clock: () => number;
  /** Hears the steps of answers; may throw. */
  readonly reached?: (step: Step) => void;
  /** The random source; the operating system's where none is given. */
  readonly fill?: FillRandom;
}

/** A running room. */
export interface InProcessRoom {
  readonly url: string;
  /** What the timer of a real enclave does again and again. */
  beat(): Promise<void>;
  close(): Promise<void>;
}

/** Opens the state directory and serves it as room `small`. Rejects where it does not open. */
export async function inProcessRoom(options: InProcessOptions): Promise<InProcessRoom> {
  const { directory, measurement, operatorKey, clock, reached = () => {} } = options;
  const { fill = (bytes: Uint8Array) => void randomFillSync(bytes) } = options;
  const [state, uploads, scratch] = ['state', 'uploads', 'scratch'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  for (const path of [state, uploads, scratch]) mkdirSync(path, { recursive: true });
  const pipe = join(scratch, `load-${process.hrtime.bigint()}`);
  execFileSync('mkfifo', ['-m', '600', pipe]);
  const walls = [{ name: 'none', held: false }];
  const failed = () => {
    throw new Error('the log failed');
  };
  const enclave = { state, uploads, pipe, engineArguments: [], clock, fill, measurement, walls, reached, failed };
  const [inside, outside] = duplexPair();
  let opened: Promise<Enclave> | undefined;
  serve(
    inside,
    (wrappingKey) => {
      opened = Enclave.open(enclave, wrappingKey);
      return opened;
    },
    () => outside.destroy(),
  );
  const door = new DoorClient(outside);
  await door.ask({ method: 'unlock', key: toBase64(operatorKey) });
  const room = { name: 'small', door, uploads: new Uploads(uploads) };
  const rooms = {
    names: async () => ['small'],
    has: async (name: string) => name === 'small',
    room: async () => room,
    close: async () => door.close(),
  } as unknown as Rooms;
  const installation = await serveInstallation({ rooms, port: 0 });
  return { url: installation.url, close: () => installation.close(), beat: async () => (await opened)?.beat() };
}
