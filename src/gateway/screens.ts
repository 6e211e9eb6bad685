/**
 * Builds the screens with Vite, once for each content: the result lies in a folder named after the digest of everything it
 * was made from, and is used again as long as nothing changed (docs/decisions/0011-web.md).
 */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { glob, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import { gateway } from './app.ts';

/** Where the screens are; they name their files by it. */
const screensPath = '/app/';
/** What goes into the build: the lockfile stands for every package. */
const inputs = ['src/web', 'src/client', 'audit', 'enclave/protocol', 'src/gateway/app.ts', 'src/gateway/screens.ts'];
const compressible = /\.(js|css|html|svg)$/;

/**
 * The folder with the built screens (`app/index.html` in it); builds them where it must, which takes seconds. Throws where
 * the build tool is not installed, saying what to do.
 */
export async function builtScreens(root: string): Promise<string> {
  const folder = join(root, 'dist/web');
  const directory = join(folder, await digestOfInputs(root));
  if (existsSync(directory)) return directory;
  await mkdir(folder, { recursive: true });
  // Built beside and renamed: another process never sees half of it.
  const beside = join(folder, `building-${randomBytes(8).toString('hex')}`);
  try {
    await build(root, join(beside, screensPath));
    await writeFile(join(beside, '_headers'), await headersFile());
    await rename(beside, directory).catch((error: unknown) => {
      // Another process was faster.
      if (!existsSync(directory)) throw error;
    });
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
  return directory;
}

async function digestOfInputs(root: string): Promise<string> {
  const files: string[] = ['package-lock.json'];
  for (const input of inputs) {
    const pattern = input.endsWith('.ts') ? input : `${input}/**/*.{ts,tsx,css,html,svg,json,txt}`;
    for await (const file of glob(pattern, { cwd: root, exclude: (name) => name.includes('node_modules') })) {
      files.push(file);
    }
  }
  const digest = createHash('sha256');
  for (const file of files.sort()) {
    digest
      .update(`${file}\0`)
      .update(await readFile(join(root, file)))
      .update('\0');
  }
  return digest.digest('hex').slice(0, 32);
}

async function build(root: string, outDir: string): Promise<void> {
  const vite = await import('vite').catch((cause: unknown) => {
    throw new Error(
      'the screens are not built and the build tool is not installed; run "npm ci" with development packages',
      {
        cause,
      },
    );
  });
  await vite.build({
    configFile: false,
    root: join(root, 'src/web'),
    base: screensPath,
    logLevel: 'warn',
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: { outDir, emptyOutDir: false, target: 'es2023', modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
  });
  for (const name of await readdir(outDir, { recursive: true })) {
    if (compressible.test(name)) await compress(join(outDir, name));
  }
}

async function compress(path: string): Promise<void> {
  const bytes = await readFile(path);
  await writeFile(`${path}.br`, await promisify(brotliCompress)(bytes));
  await writeFile(`${path}.gz`, await promisify(gzip)(bytes));
}

/** The gateway's own headers for these files, for a host of static files that reads them from `_headers`. */
async function headersFile(): Promise<string> {
  const assets = async () => new Response('');
  const options = { hostUrl: '', hostToken: '', fetch, clock: () => 0, log: () => {}, assets };
  const { headers } = await gateway(options).request(screensPath);
  headers.delete('content-type');
  headers.delete('cache-control');
  const lines = [...headers].map(([name, value]) => `  ${name}: ${value}`);
  const caching = '  cache-control: public, max-age=31536000, immutable';
  return [`${screensPath}*`, ...lines, `${screensPath}assets/*`, caching, ''].join('\n');
}
