import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The measurement of the running code: SHA-256 (lower-case hex) over a canonical listing,
 *
 *     <path> NUL <size in bytes, decimal> NUL <sha256, hex> LF
 *
 * one line per file, sorted by the UTF-8 bytes of the path. Listed are all files of `enclave/` (with `protocol/`) and
 * `audit/` under `appRoot`, `package-lock.json`, and the Node binary at `nodePath` under the name `node`.
 *
 * Only names relative to `appRoot` and file contents enter, no owner, mode, time or place: the value is the same inside
 * and outside the sandbox and on every machine of one architecture (the Node binary differs between architectures).
 *
 * `node_modules` folders are not listed: their content is bound through the integrity hashes of the lockfile only, which
 * npm checks when it installs, not when the enclave starts. Throws on a symbolic link or special file among the measured
 * ones, since it would let unmeasured bytes run.
 */
export async function measure(appRoot: string, nodePath: string): Promise<string> {
  const files = new Map<string, string>([['node', nodePath]]);
  for (const root of ['enclave', 'audit', 'package-lock.json']) {
    for (const path of await listed(appRoot, root)) files.set(path, join(appRoot, path));
  }
  const paths = [...files.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const listing = createHash('sha256');
  for (const path of paths) {
    const { size, sha256 } = await digest(files.get(path) ?? path);
    listing.update(`${path}\0${size}\0${sha256}\n`);
  }
  return listing.digest('hex');
}

/** The regular files at and below `path` (relative to `appRoot`), without `node_modules`. */
async function listed(appRoot: string, path: string): Promise<string[]> {
  const status = await lstat(join(appRoot, path));
  if (status.isFile()) return [path];
  if (!status.isDirectory()) throw new Error('measurement: neither a file nor a folder');
  const files: string[] = [];
  for (const name of await readdir(join(appRoot, path))) {
    if (name !== 'node_modules') files.push(...(await listed(appRoot, `${path}/${name}`)));
  }
  return files;
}

/** Size and SHA-256 of one file, both from the same pass over its bytes. */
async function digest(path: string): Promise<{ size: number; sha256: string }> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    const bytes = chunk as Buffer;
    size += bytes.length;
    hash.update(bytes);
  }
  return { size, sha256: hash.digest('hex') };
}
