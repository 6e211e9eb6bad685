import { globSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Attack } from './attack.ts';

const folder = import.meta.dirname;

/** The folders of the corpus, in the order of their numbers. */
export function corpusFolders(): string[] {
  return globSync('[0-9][0-9][0-9]-*', { cwd: folder }).toSorted();
}

/** The attack of a folder. */
export async function attackIn(name: string): Promise<Attack> {
  const url = pathToFileURL(path.join(folder, name, 'attack.ts')).href;
  const { attack } = (await import(url)) as { attack: Attack };
  return attack;
}
