/** Looks for secrets in everything somebody sees or keeps: as they stand, and in the spellings bytes usually take. */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** What somebody saw or keeps: a name for people, and the bytes. */
export interface Sight {
  readonly where: string;
  readonly bytes: Uint8Array;
}

/** A secret in a place where it must not stand. */
export interface Finding {
  readonly where: string;
  readonly secret: string;
  readonly spelling: string;
}

/** Every spelling of a text that is looked for. Base64 depends on what stands before: three spellings, without their edges. */
export function spellings(secret: string): Map<string, Buffer> {
  const bytes = Buffer.from(secret, 'utf8');
  const found = new Map<string, Buffer>([
    ['plain', bytes],
    ['hex', Buffer.from(bytes.toString('hex'))],
    ['HEX', Buffer.from(bytes.toString('hex').toUpperCase())],
    ['utf-16', Buffer.from(secret, 'utf16le')],
    ['reversed', Buffer.from(secret.split('').toReversed().join(''))],
  ]);
  for (const before of [0, 1, 2]) {
    const shifted = Buffer.concat([Buffer.alloc(before), bytes]);
    // Only characters that depend on nothing but the secret.
    const from = Math.ceil((before * 8) / 6);
    const to = Math.floor((shifted.length * 8) / 6);
    for (const encoding of ['base64', 'base64url'] as const) {
      found.set(`${encoding}+${before}`, Buffer.from(shifted.toString(encoding).slice(from, to)));
    }
  }
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(secret)) {
    const digits = secret.replaceAll('-', '');
    found.set('uuid without dashes', Buffer.from(digits));
    found.set('uuid as bytes', Buffer.from(digits, 'hex'));
  }
  return found;
}

/** Every secret found in any sight, in any spelling. */
export function scan(sights: readonly Sight[], secrets: readonly string[]): Finding[] {
  const wanted = secrets.flatMap((secret) =>
    [...spellings(secret)].map(([spelling, needle]) => ({ secret, spelling, needle })),
  );
  return sights.flatMap(({ where, bytes }) => {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    return wanted
      .filter(({ needle }) => text.includes(needle))
      .map(({ secret, spelling }) => ({ where, secret, spelling }));
  });
}

/** Every file below a directory, by its path below it; the path counts as seen too. */
export async function files(directory: string): Promise<Sight[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(
    paths.map(async (path) => {
      const where = relative(directory, path);
      return { where, bytes: Buffer.concat([Buffer.from(`${where}\n`), await readFile(path)]) };
    }),
  );
}

/** A `fetch` that keeps what goes through it: address, headers and bodies of every request and answer. */
export function recording(real: typeof fetch, seen: Sight[]): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    const where = `${request.method} ${request.url}`;
    const body = new Uint8Array(await request.clone().arrayBuffer());
    const head = Buffer.from(`${where}\n${JSON.stringify([...request.headers])}\n`);
    seen.push({ where: `request ${where}`, bytes: Buffer.concat([head, body]) });
    const answer = await real(request);
    const answered = new Uint8Array(await answer.clone().arrayBuffer());
    const answerHead = Buffer.from(`${answer.status}\n${JSON.stringify([...answer.headers])}\n`);
    seen.push({ where: `answer ${where}`, bytes: Buffer.concat([answerHead, answered]) });
    return answer;
  };
}
