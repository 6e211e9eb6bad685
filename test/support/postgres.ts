/** A PostgreSQL server of our own, for as long as a test runs: in a folder of its own, reached by a socket only. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const installed = '/usr/lib/postgresql';

/** Folder of the newest server's programs, where Debian installs it; undefined without one. */
export const postgresPrograms = existsSync(installed)
  ? readdirSync(installed)
      .toSorted((a, b) => Number(b) - Number(a))
      .map((version) => join(installed, version, 'bin'))
      .find((folder) => existsSync(join(folder, 'initdb')))
  : undefined;

/** The reason to skip with where there is none. */
export const needsPostgres = 'needs a PostgreSQL server (Debian: postgresql)';

/** A running server. */
export interface Postgres {
  /** Runs a script of `psql`; its output, a line a row, fields parted by `|`. Throws where a statement fails. */
  readonly run: (script: string) => string;
  readonly stop: () => void;
}

/** Starts a server. It refuses to run as root, so root hands it to the user Debian makes for it. */
export function startPostgres(programs: string): Postgres {
  const folder = mkdtempSync(join(tmpdir(), 'reinraum-pg-'));
  const isRoot = process.getuid?.() === 0;
  const user = isRoot ? ['runuser', '-u', 'postgres', '--'] : [];
  if (isRoot) {
    const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' })));
    chownSync(folder, uid ?? 0, gid ?? 0);
  }
  const program = (name: string, ...args: string[]) => {
    const [command = '', ...rest] = [...user, join(programs, name), ...args];
    execFileSync(command, rest, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  };
  const data = join(folder, 'data');
  program('initdb', '-D', data, '-U', 'test', '-A', 'trust', '--no-sync', '-E', 'UTF8', '--locale', 'C');
  program('pg_ctl', '-D', data, '-w', '-l', join(folder, 'log'), '-o', `-k ${folder} -c listen_addresses=`, 'start');
  return {
    run(script) {
      const args = ['-h', folder, '-U', 'test', '-d', 'postgres', '-qAt', '-v', 'ON_ERROR_STOP=1', '-f', '-'];
      const ran = spawnSync(join(programs, 'psql'), args, { input: script, encoding: 'utf8', maxBuffer: 1 << 28 });
      if (ran.status !== 0) throw new Error(`postgres: ${ran.stderr}`);
      return ran.stdout;
    },
    stop() {
      program('pg_ctl', '-D', data, '-m', 'immediate', 'stop');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
