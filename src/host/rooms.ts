/** Rooms of one installation: each its own directory, its own enclave process, its own uploads. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { WitnessFetch } from '@reinraum/audit';
import { Slug, Status, toBase64 } from '@reinraum/protocol';
import { DoorClient } from './door-client.ts';
import { type EnclaveProcess, LOCK_HELD_EXIT_CODE, type SandboxOptions, spawnEnclave } from './sandbox.ts';
import { Uploads } from './uploads.ts';
import { carryToWitnesses } from './witnessing.ts';

/** How often and how long apart a lock is tried that an enclave of our own held. */
const lockAttemptsMax = 50;
const lockWaitMs = 100;
/** How often the last checkpoint is looked for on the way out. */
const closingAttemptsMax = 20;

/** One running room. */
export interface RunningRoom {
  readonly name: string;
  readonly door: DoorClient;
  readonly uploads: Uploads;
  readonly enclave: EnclaveProcess;
}

/** Another process holds the room's state directory. */
export class RoomInUse extends Error {
  constructor(name: string) {
    super(`room "${name}": another process is running on its state directory; stop that one first`);
    this.name = 'RoomInUse';
  }
}

/** Too many of the room's witnesses have seen entries this state directory does not have: it is an old or a second copy. */
export class RolledBack extends Error {
  constructor(name: string) {
    super(
      `room "${name}": its witnesses have seen entries that its state does not have. It is an older copy or a second one; put the newest state back.`,
    );
    this.name = 'RolledBack';
  }
}

/** What the host needs to know about the installation. */
export interface RoomsOptions {
  /** The repository's root. */
  readonly appDirectory: string;
  /** Holds `rooms/<name>/{state,uploads,operator.key}`. */
  readonly directory: string;
  /** For tests: another entry and further mounts. */
  readonly sandbox?: Partial<SandboxOptions>;
  /** The line to the witnesses. Default: the platform's `fetch`. */
  readonly fetch?: WitnessFetch;
  /** Hears what somebody should look at: a room without its quorum, or one that is rolled back. Default: nobody does. */
  readonly alarm?: (room: string, what: 'quorum-missing' | 'rolled-back') => void;
}

/** Starts, restarts and stops the enclaves of an installation. */
export class Rooms {
  readonly #options: RoomsOptions;
  readonly #running = new Map<string, Promise<RunningRoom>>();
  /** Rooms whose enclave has ended here: what it left inside may hold the lock for a moment longer. */
  readonly #ended = new Set<string>();
  /** Rooms their witnesses do not know as they are. Nothing but another state would help, so they stay closed. */
  readonly #rolledBack = new Set<string>();

  constructor(options: RoomsOptions) {
    this.#options = options;
  }

  /** Names of the rooms there are. */
  async names(): Promise<readonly string[]> {
    return (await readdir(join(this.#options.directory, 'rooms')).catch(() => [])).filter(
      (name) => Slug.safeParse(name).success,
    );
  }

  /** Whether a room has a directory here. */
  async has(name: string): Promise<boolean> {
    return (await this.names()).includes(name);
  }

  /** The running room; starts its enclave, and starts it again after it ended. Creates the directory of a new room. */
  room(name: string): Promise<RunningRoom> {
    const slug = Slug.parse(name);
    if (this.#rolledBack.has(slug)) return Promise.reject(new RolledBack(slug));
    const known = this.#running.get(slug);
    if (known) return known;
    const started = this.#startAgain(slug);
    this.#running.set(slug, started);
    const forget = () => {
      if (this.#running.get(slug) === started) this.#running.delete(slug);
    };
    const forgetOnceEnded = async ({ enclave }: RunningRoom) => {
      await enclave.exited;
      this.#ended.add(slug);
      forget();
    };
    started.then(forgetOnceEnded, forget);
    return started;
  }

  /** Closes every door and waits until the enclaves have ended. */
  async close(): Promise<void> {
    await Promise.all(
      [...this.#running.values()].map(async (starting) => {
        const running = await starting.catch(() => undefined);
        await (running && allWitnessed(running.door));
        running?.door.close();
        await running?.enclave.exited;
      }),
    );
  }

  async #startAgain(name: string): Promise<RunningRoom> {
    for (let attempts = 1; ; attempts++) {
      try {
        return await this.#start(name);
      } catch (error) {
        // A killed sandbox is gone before the kernel has killed everything inside it, and the lock is held until then.
        if (!(error instanceof RoomInUse) || !this.#ended.has(name) || attempts >= lockAttemptsMax) throw error;
        await setTimeout(lockWaitMs);
      }
    }
  }

  async #start(name: string): Promise<RunningRoom> {
    const directory = join(this.#options.directory, 'rooms', name);
    const stateDirectory = join(directory, 'state');
    const uploadsDirectory = join(directory, 'uploads');
    for (const path of [stateDirectory, uploadsDirectory]) await mkdir(path, { recursive: true, mode: 0o700 });
    const key = await operatorKey(join(directory, 'operator.key'));
    const { appDirectory, sandbox } = this.#options;
    const enclave = await spawnEnclave({ appDirectory, stateDirectory, uploadsDirectory, ...sandbox });
    const door = new DoorClient(enclave.door);
    try {
      await door.ask({ method: 'unlock', key: toBase64(key) });
    } catch (error) {
      // An enclave that could not open its state must not stay and hold the lock. Where the lock was held by another, the
      // door was closed too, and the exit code is the better answer of the two.
      door.close();
      const { code } = await enclave.exited;
      throw code === LOCK_HELD_EXIT_CODE ? new RoomInUse(name) : error;
    }
    void this.#witnessed(name, door);
    return { name, door, uploads: new Uploads(uploadsDirectory), enclave };
  }

  async #witnessed(name: string, door: DoorClient): Promise<void> {
    const { fetch = globalThis.fetch, alarm = () => {} } = this.#options;
    const missing = () => alarm(name, 'quorum-missing');
    if ((await carryToWitnesses({ door, fetch, missing })) !== 'rolled-back') return;
    this.#rolledBack.add(name);
    alarm(name, 'rolled-back');
    door.close();
  }
}

/** Waits for the last checkpoint to be witnessed, so that what is left behind can be verified; not for long. */
async function allWitnessed(door: DoorClient): Promise<void> {
  for (let attempts = 0; attempts < closingAttemptsMax; attempts++) {
    const status = await door.ask({ method: 'status' }).catch(() => undefined);
    if (!status || !Status.parse(status.value).unwitnessed) return;
    await setTimeout(lockWaitMs);
  }
}

/** The key the enclave's secrets are wrapped with: a file of mode 0600, made at first start. */
async function operatorKey(path: string): Promise<Uint8Array> {
  const before = await readFile(path).catch(() => undefined);
  if (before?.length === 32) return new Uint8Array(before);
  if (before)
    throw new Error(
      'operator.key: not 32 bytes; restore it from the secret store, the state cannot be read without it',
    );
  const key = randomBytes(32);
  const file = await open(path, 'wx', 0o600);
  try {
    await file.write(key);
    await file.sync();
  } finally {
    await file.close();
  }
  return new Uint8Array(key);
}
