/** npm's `chdb`, an engine of ClickHouse, where somebody has installed it beside the project: half a gigabyte, no dependency. */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';

/** The module's file; undefined without one. */
export const chdbModule = (() => {
  try {
    return createRequire(import.meta.url).resolve('chdb');
  } catch {
    return undefined;
  }
})();

/** The reason to skip with where there is none. */
export const needsChdb = 'needs chdb (npm install --no-save chdb@3.4.0, half a gigabyte)';

/** In a process of its own: the engine ends its process when it fails. */
const script = `
const { Session } = require(process.argv[1]);
const session = new Session();
const statements = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
const results = statements.map((text) => session.query(text, 'TabSeparated'));
session.close();
require('node:fs').writeSync(1, JSON.stringify(results));
`;

/** Runs statements one after another; the rows of each, every value as text. Throws where one fails. */
export function runChdb(module: string, statements: readonly string[]): string[][][] {
  const input = JSON.stringify(statements);
  const ran = spawnSync(process.execPath, ['-e', script, module], { input, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (ran.status !== 0) throw new Error(`chdb: ${ran.stderr}`);
  return (JSON.parse(ran.stdout) as string[]).map((text) =>
    text
      .split('\n')
      .filter((line) => line !== '')
      // The sum of no values is NULL.
      .map((line) => line.split('\t').map((value) => (value === '\\N' ? '0' : value))),
  );
}
