/** The verifiers in `test/foreign`, that share no code with ours: built, run, and what they said in one word. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const sources = join(import.meta.dirname, '../foreign');
/** Where Debian's `golang-golang-x-mod-dev` puts packages. */
const debianPath = '/usr/share/gocode';

/** A verifier that can be run, or why there is none. */
export type Available<T> = { readonly run: T; readonly close: () => void } | { readonly reason: string };

/** What a verifier is given beside the key and the log. */
export interface Given {
  readonly checkpoint?: string;
  readonly consistency?: string;
  readonly receipt?: string;
  /** First entry that is kept, in digits. */
  readonly pruned?: string;
}

/** `verified`, or the reason it rejects for. Throws where it was neither. */
export type RunGo = (vkey: string, directory: string, given?: Given) => string;
/** As {@link RunGo}, of the signature on the checkpoint in a file. */
export type RunOpenssl = (vkey: string, checkpoint: string) => string;

/** Builds the Go program with x/mod from the module proxy or cache, or offline with Debian's package of it. */
export function buildGo(from: 'modules' | 'debian'): Available<RunGo> {
  if (spawnSync('go', ['version']).status !== 0) return { reason: 'needs go (Debian: golang-go)' };
  if (from === 'debian' && !existsSync(join(debianPath, 'src/golang.org/x/mod/sumdb/tlog'))) {
    return { reason: 'needs the Debian package golang-golang-x-mod-dev' };
  }
  const env = { ...process.env, ...(from === 'debian' ? { GO111MODULE: 'off', GOPATH: debianPath } : {}) };
  const options = { cwd: sources, encoding: 'utf8', env, timeout: 60_000 } as const;
  if (from === 'modules' && spawnSync('go', ['mod', 'download'], options).status !== 0) {
    return { reason: 'needs golang.org/x/mod from the module proxy or cache' };
  }
  const folder = mkdtempSync(join(tmpdir(), 'reinraum-verifylog-'));
  const program = join(folder, 'verifylog');
  const built = spawnSync('go', ['build', '-buildvcs=false', '-o', program, '.'], options);
  if (built.status !== 0) throw new Error(`go build: ${built.error?.message ?? built.stderr}`);
  return {
    run: (vkey, directory, given = {}) => {
      const flags = Object.entries(given).flatMap(([name, file]) => [`-${name}`, file]);
      return verdictOf(program, ['-key', vkey, ...flags, directory]);
    },
    close: () => rmSync(folder, { recursive: true }),
  };
}

/** The shell script around OpenSSL, which can check Ed25519 signatures of files from 3.0 on. */
export function findOpenssl(): Available<RunOpenssl> {
  const version = spawnSync('openssl', ['version'], { encoding: 'utf8' });
  if (!/^OpenSSL ([3-9]|\d\d)/.test(version.stdout ?? '')) return { reason: 'needs openssl 3.0 or later' };
  const script = join(sources, 'verify-checkpoint.sh');
  return { run: (vkey, checkpoint) => verdictOf('sh', [script, vkey, checkpoint]), close: () => undefined };
}

function verdictOf(program: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (status === 0 && stdout.startsWith('verified: ')) return 'verified';
  const reason = status === 1 ? /^rejected: ([a-z-]+)/m.exec(stderr)?.[1] : undefined;
  if (reason === undefined) throw new Error(`${program} ended with ${status}: ${error?.message ?? stderr}`);
  return reason;
}
