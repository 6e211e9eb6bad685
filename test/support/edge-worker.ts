/** Gateway and witness as Workers: built as for deployment, without any network, and run in workerd on this machine. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { vi } from 'vitest';
import { repositoryRoot } from '../../src/cli/root.ts';
import { canSandbox } from '../isolation/available.ts';

const run = promisify(execFile);
const wrangler = join(repositoryRoot, 'node_modules/wrangler/bin/wrangler.js');

/** Wrangler says nothing to anybody, keeps nothing outside of `folder`, and reads no configuration of this user. */
function silence(folder: string): Record<string, string> {
  return {
    WRANGLER_SEND_METRICS: 'false',
    WRANGLER_SEND_ERROR_REPORTS: 'false',
    WRANGLER_HIDE_BANNER: 'true',
    WRANGLER_WRITE_LOGS: 'false',
    WRANGLER_LOG: 'error',
    CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    X_LOCAL_EXPLORER: 'false',
    X_LOCAL_OBSERVABILITY: 'false',
    WRANGLER_REGISTRY_PATH: join(folder, 'registry'),
    WRANGLER_CACHE_DIR: join(folder, 'cache'),
    XDG_CONFIG_HOME: join(folder, 'config'),
  };
}

/** The configuration of the gateway. */
const gatewayConfig = 'wrangler.toml';

/** Builds a Worker into `<folder>/worker`. Where bubblewrap can, in a network namespace with nothing in it. */
export async function buildWorker(folder: string, config = gatewayConfig): Promise<string> {
  const out = join(folder, 'worker');
  const words = [process.execPath, wrangler, 'deploy', '--config', config, '--dry-run', '--outdir', out];
  const alone = canSandbox ? ['bwrap', '--dev-bind', '/', '/', '--unshare-net', '--die-with-parent', '--'] : [];
  const [program = '', ...args] = [...alone, ...words];
  await run(program, args, { cwd: repositoryRoot, env: { ...process.env, ...silence(folder) } });
  return out;
}

/** A Worker in workerd. */
export interface EdgeWorker {
  readonly url: string;
  /** What it wrote to its console. */
  logs(): readonly unknown[];
  close(): Promise<void>;
}

/** What a Worker is given: its configuration, and what stands in it for a test. */
interface Deployment {
  readonly config: string;
  readonly vars: Record<string, string>;
  readonly secrets: Record<string, string>;
}

/** Starts the built gateway in front of a host. */
export function startWorker(
  folder: string,
  built: string,
  { hostUrl: HOST_URL, hostToken: HOST_TOKEN }: { hostUrl: string; hostToken: string },
): Promise<EdgeWorker> {
  return deployed(folder, built, { config: gatewayConfig, vars: { HOST_URL }, secrets: { HOST_TOKEN } });
}

/** Starts a built Worker. */
export async function deployed(
  folder: string,
  built: string,
  { config, vars, secrets }: Deployment,
): Promise<EdgeWorker> {
  for (const [name, value] of Object.entries(silence(folder))) vi.stubEnv(name, value);
  // It reads its environment when it is loaded.
  const { createTestHarness } = await import('wrangler');
  const worker = { configPath: config, prebuiltWorkerDir: built, vars, secrets };
  const harness = createTestHarness({ root: repositoryRoot, workers: [worker] });
  const { url } = await harness.listen();
  return { url: url.origin, logs: () => harness.getLogs(), close: () => harness.close() };
}
