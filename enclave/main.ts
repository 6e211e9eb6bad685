/**
 * The enclave's entry, run by the host inside the sandbox: probes its walls, measures itself, serves its one door. The
 * only place of the trusted base that reaches for clock, randomness and arguments.
 */
import { randomFillSync } from 'node:crypto';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Step } from './answer.ts';
import { measure } from './attest/measurement.ts';
import { probeWalls } from './attest/walls.ts';
import { serve } from './door.ts';
import { Enclave } from './enclave.ts';
import { heartbeatCheckMs } from './limits.ts';

const doorFd = 3;
/** The log failed for good (EX_IOERR). */
const logFailedExitCode = 74;

/** Runs the enclave until its door closes. `reached` hears the steps of answers; production has nothing to hear. */
export async function run(reached: (step: Step) => void = () => {}): Promise<void> {
  const option = { type: 'string', default: '' } as const;
  const { values } = parseArgs({ options: { app: option, state: option, uploads: option, scratch: option } });
  const { app, state, uploads, scratch } = values;
  const [{ walls }, measurement] = await Promise.all([
    probeWalls({ app, state, scratch }),
    measure(app, process.execPath),
  ]);
  const readable = ['enclave', 'audit', 'node_modules', 'package.json'].map((part) => join(app, part));
  const options = {
    state,
    uploads,
    pipe: join(scratch, 'load'),
    // The one process with native code; it reads code and the pipe, and writes nothing.
    engineArguments: [
      '--permission',
      '--allow-addons',
      ...[...readable, scratch].map((path) => `--allow-fs-read=${path}`),
    ],
    clock: () => Date.now(),
    fill: (bytes: Uint8Array) => void randomFillSync(bytes),
    measurement,
    walls: walls.map(({ name, held }) => ({ name, held })),
    reached,
    failed: () => process.exit(logFailedExitCode),
  };
  const door = new Socket({ fd: doorFd, readable: true, writable: true });
  serve(
    door,
    async (wrappingKey) => {
      const enclave = await Enclave.open(options, wrappingKey);
      setInterval(() => void enclave.beat(), heartbeatCheckMs);
      return enclave;
    },
    () => process.exit(0),
  );
}

if (import.meta.main) await run();
