/** Whose checkpoint to believe, as a file other tools read (C2SP tlog-policy): the room's log, and the witnesses its charter names. */
import type { Charter } from '@reinraum/protocol';

/**
 * The policy of a room whose charter replay has accepted: no white space in keys and addresses, no name in two keys. Lines
 * end in `\n`; comments are German and English. Without witnesses the quorum is `none`, and a comment says so.
 */
export function policyFile(
  room: string,
  vkey: string,
  { witnesses, quorum }: Pick<Charter, 'witnesses' | 'quorum'>,
): string {
  const names = witnesses.map((_, at) => `w${at + 1}`);
  const rule =
    witnesses.length === 0
      ? ['# Keine Zeugen / no witnesses.', 'quorum none']
      : [
          ...witnesses.map(({ key, url }, at) => `witness ${names[at]} ${key} ${url}`),
          `group witnesses ${quorum} ${names.join(' ')}`,
          'quorum witnesses',
        ];
  return `${['# c2sp.org/tlog-policy', `# Raum / room ${room}`, `log ${vkey}`, ...rule].join('\n')}\n`;
}
