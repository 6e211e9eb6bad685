/** The engine processes below a room's enclave, as the host sees them. */
import { readdir, readFile } from 'node:fs/promises';
import type { SmallRoom } from './small-room.ts';

/** Process ids of the engines of a room. */
export async function enginesOf({ rooms }: Pick<SmallRoom, 'rooms'>): Promise<number[]> {
  const { enclave } = await rooms.room('small');
  const parents = new Map<number, number>();
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^[0-9]+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    // The name in brackets may hold anything; the parent is the second field behind it.
    parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    const command = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    if (command.includes('engine/child.ts')) found.push(Number(name));
  }
  const isOurs = (pid: number): boolean =>
    pid === enclave.process.pid || (parents.has(pid) && isOurs(parents.get(pid) ?? 0));
  return found.filter(isOurs);
}
