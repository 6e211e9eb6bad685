/** Whose checkpoint to believe, as a file other tools read (C2SP tlog-policy): the room’s log, and its charter’s witnesses. */
import type { Charter } from '@reinraum/protocol';

/** The policy of a room. Lines end in `\n`; comments are German and English. Names of witnesses are of this file alone. */
export function policyFile(
  room: string,
  vkey: string,
  { witnesses, quorum }: Pick<Charter, 'witnesses' | 'quorum'>,
): string {
  const named = witnesses.map(({ key, url }, at) => ({ name: `w${at + 1}`, key, url }));
  const lines = [
    '# c2sp.org/tlog-policy',
    `# Raum / room ${room}`,
    `log ${vkey}`,
    ...named.map(({ name, key, url }) => `witness ${name} ${key} ${url}`),
    ...(named.length === 0
      ? ['# Keine Mitzeichnung von Zeugen wird verlangt / no cosignatures of witnesses are demanded.', 'quorum none']
      : [`group witnesses ${quorum} ${named.map(({ name }) => name).join(' ')}`, 'quorum witnesses']),
  ];
  return `${lines.join('\n')}\n`;
}
