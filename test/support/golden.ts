/** Golden vectors: kept as JSON, made again only on purpose. */
import { readFileSync, writeFileSync } from 'node:fs';

/**
 * The vectors of `test/vectors/<name>`. With `REINRAUM_GOLDEN=write` in the environment they are made anew first: a
 * change of a wire format, to be read line by line before it is kept.
 */
export async function golden<T>(name: string, make: () => Promise<T> | T): Promise<T> {
  const url = new URL(`../vectors/${name}`, import.meta.url);
  if (process.env['REINRAUM_GOLDEN'] === 'write') writeFileSync(url, `${JSON.stringify(await make(), null, 2)}\n`);
  return JSON.parse(readFileSync(url, 'utf8')) as T;
}
