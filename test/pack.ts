/**
 * Packs `@reinraum/protocol` and `@reinraum/audit` as packages that stand alone, `npm run pack`: compiled to JavaScript with
 * declarations, because Node takes no TypeScript from `node_modules`. Everything else is as their manifests say.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');

/** The folders of the packages, each after those it depends on. */
const packedFolders = ['enclave/protocol', 'audit'] as const;

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, string>>;
}

/** Packs both into a folder that is there and returns their archives, in order. Throws what a tool said where it failed. */
export function packAlone(into: string): readonly string[] {
  return packedFolders.map((folder) => {
    const staged = mkdtempSync(path.join(tmpdir(), 'reinraum-pack-'));
    try {
      compile(folder, staged);
      writeFileSync(path.join(staged, 'package.json'), `${JSON.stringify(manifestOf(folder), null, 2)}\n`);
      cpSync(path.join(root, folder, 'README.md'), path.join(staged, 'README.md'));
      cpSync(path.join(root, 'LICENSE'), path.join(staged, 'LICENSE'));
      const said = ran('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', into], staged);
      return path.join(into, said.trim());
    } finally {
      rmSync(staged, { recursive: true, force: true });
    }
  });
}

function compile(folder: string, outDir: string): void {
  const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
  // Declarations of what it depends on come first.
  ran(process.execPath, [tsc, '-b', folder], root);
  const emit = ['--emitDeclarationOnly', 'false', '--rewriteRelativeImportExtensions', 'true'];
  const alone = ['--composite', 'false', '--incremental', 'false', '--outDir', outDir];
  ran(process.execPath, [tsc, '-p', path.join(folder, 'tsconfig.json'), ...emit, ...alone], root);
}

/** The manifest of a folder with its doors as they are when compiled. */
function manifestOf(folder: string): object {
  const manifest = JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8')) as Manifest;
  const doors = Object.entries(manifest.exports).map(([door, source]) => {
    const stem = source.replace(/\.ts$/, '');
    return [door, { types: `${stem}.d.ts`, default: `${stem}.js` }];
  });
  return {
    ...manifest,
    engines: { node: '>=24' },
    exports: Object.fromEntries(doors),
    files: ['**/*.js', '**/*.d.ts'],
  };
}

function ran(program: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  if (status !== 0)
    throw new Error(`pack: ${path.basename(program)} failed: ${error?.message ?? `${stdout}${stderr}`}`);
  return stdout;
}

if (import.meta.main) {
  const into = path.join(root, 'dist/packages');
  mkdirSync(into, { recursive: true });
  process.stdout.write(`${packAlone(into).join('\n')}\n`);
}
