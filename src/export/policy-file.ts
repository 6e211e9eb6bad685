/**
 * Whose checkpoint to believe, as a file other tools read (C2SP tlog-policy). The charter names witnesses without keys, and
 * nothing asks them yet (docs/threat-model.md): the quorum is `none`, and a comment says so.
 */
import type { Charter } from '@reinraum/protocol';

/** The policy of a room: its one log and no cosignatures. Lines end in `\n`; comments are German and English. */
export function policyFile(
  room: string,
  vkey: string,
  { witnesses, quorum }: Pick<Charter, 'witnesses' | 'quorum'>,
): string {
  const named = witnesses.map(
    (name) => `# Zeuge ohne Schlüssel / witness without a key: ${name.replaceAll(/\p{Cc}/gu, ' ')}`,
  );
  const lines = [
    '# c2sp.org/tlog-policy',
    `# Raum / room ${room}`,
    ...named,
    ...(quorum === 0 ? [] : [`# Die Charta will / the charter wants: ${quorum}`]),
    '# Keine Mitzeichnung von Zeugen wird verlangt / no cosignatures of witnesses are demanded.',
    `log ${vkey}`,
    'quorum none',
  ];
  return `${lines.join('\n')}\n`;
}
