/** The token a gateway elsewhere shows to the host's API: a file of mode 0600, made where there is none. */
import { randomBytes } from 'node:crypto';
import { open, readFile, stat } from 'node:fs/promises';

/**
 * The token of a file. A file that is not there is made, with 32 random bytes in hexadecimal. Throws an `Error` that names
 * the file, never what is in it, where others may read it or where it holds no token of at least 32 characters.
 */
export async function tokenFromFile(path: string): Promise<string> {
  const before = await stat(path).catch(() => undefined);
  if (!before) return made(path);
  if ((before.mode & 0o077) !== 0) {
    throw new Error(`${path}: others on this machine may read the token; set its mode to 0600`);
  }
  const token = (await readFile(path, 'utf8')).trim();
  if (!/^[A-Za-z0-9._~+/=-]{32,256}$/.test(token)) {
    throw new Error(
      `${path}: needs a token of 32 to 256 letters and digits on one line; remove the file to have one made`,
    );
  }
  return token;
}

async function made(path: string): Promise<string> {
  const token = randomBytes(32).toString('hex');
  const file = await open(path, 'wx', 0o600);
  try {
    await file.write(`${token}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  return token;
}
