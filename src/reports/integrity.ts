/** Integrity certificate: what was verified, and what that does and does not prove. */
import { activityWords, entryWords } from '../index/entry-words.ts';
import { amount, cell, counted, entryRow, type Row, said, same, type Table, text } from './document.ts';
import type { ReportBody } from './heading.ts';
import { witnessesSaid } from './heading.ts';
import { limits } from './limits.ts';
import { momentName } from './names.ts';
import { grouped, indicesOf, ofType, type VerifiedLog } from './subject.ts';

/** Always about the whole log: a part of it cannot be whole. */
export function integrity(log: VerifiedLog): ReportBody {
  return {
    id: 'integrity',
    title: text('Bescheinigung der Unversehrtheit', 'Integrity certificate'),
    sections: [verified(log), contents(log), doubts(log)],
  };
}

function verified(log: VerifiedLog): ReportBody['sections'][number] {
  const { room, entries } = log;
  const all = indicesOf(entries);
  return {
    title: text('Was geprüft wurde', 'What was verified'),
    sentences: [
      said(
        'Das ganze Protokoll wurde nachgerechnet, bevor dieser Bericht entstand. Es hat jede Prüfung bestanden.',
        'The whole log was worked out again before this report was made. It passed every check.',
        all,
      ),
      said(
        `Der Stand ist mit dem Schlüssel unterschrieben, den die Charta nennt (${room.charter.enclave.signingKey}). Die Wurzel folgt aus den Einträgen, keiner fehlt, keiner ist verändert.`,
        `The state is signed with the key the charter names (${room.charter.enclave.signingKey}). The root follows from the entries; none is missing, none is altered.`,
        all,
      ),
      said(
        'Jede Erklärung trägt die Unterschrift eines Mitglieds mit dem Schlüssel, den es in dem Augenblick hatte, und wurde nur einmal benutzt. Jede Antwort hatte vorher alle Freigaben und ihre Abbuchung; kein Konto wurde überzogen.',
        'Every statement bears the signature of a member with the key it had at that moment, and was used only once. Every answer had all approvals and its charge before; no account was overdrawn.',
        all,
      ),
      witnessesSaid(log),
    ],
    tables: [builds(log)],
  };
}

/** Which programs have written the log. The charter trusts each of them, or the log would not verify. */
function builds({ entries }: VerifiedLog): Table {
  return {
    caption: text('Programmfassungen, die geschrieben haben', 'Builds that have written'),
    head: [text('Messwert', 'Measurement'), text('Einträge', 'Entries')],
    rows: grouped(entries, ({ entry }) => entry.recorder).map(([build, own]): Row => {
      const indices = indicesOf(own);
      return { entries: indices, cells: [cell(build), counted(indices)] };
    }),
    empty: text('Keine.', 'None.'),
  };
}

function contents(log: VerifiedLog): ReportBody['sections'][number] {
  const rows = grouped(log.entries, ({ row }) => row.type).map(([type, own]): Row => {
    const indices = indicesOf(own);
    const [first] = own;
    const activity = first ? activityWords[first.entry.activity] : same('–');
    const words = first ? entryWords[first.entry.type] : same(type);
    return { entries: indices, cells: [cell(words), cell(type), cell(activity), counted(indices)] };
  });
  const founded = ofType(log.entries, 'room.founded').map(({ row, entry }) =>
    entryRow(row.index, [cell(momentName(row.at)), amount(entry.statements.length, [row.index])]),
  );
  return {
    title: text('Was im Protokoll steht', 'What the log holds'),
    sentences: [],
    tables: [
      {
        caption: text('Einträge nach Art', 'Entries by kind'),
        head: [
          text('Vorgang', 'Event'),
          text('Name im Protokoll', 'Name in the log'),
          text('Tätigkeit (SDM)', 'Activity (SDM)'),
          text('Anzahl', 'Number'),
        ],
        rows,
        empty: text('Keine.', 'None.'),
      },
      {
        caption: text('Gründung', 'Founding'),
        head: [
          text('Eintrag', 'Entry'),
          text('Zeitpunkt', 'Moment'),
          text('Unterschriften unter der Charta', 'Signatures under the charter'),
        ],
        rows: founded,
        empty: text('Keine.', 'None.'),
      },
    ],
  };
}

function doubts({ room }: VerifiedLog): ReportBody['sections'][number] {
  const alone = said(
    'Ohne Zeugen beweist ein Stand nicht, dass er der neueste ist oder dass niemand einen anderen bekommen hat. Vergleichen Sie Größe und Wurzel mit denen, die andere haben.',
    'Without witnesses a state does not prove that it is the newest, or that nobody was given another. Compare size and root with those that others have.',
  );
  const witnessed = said(
    'Zeugen bestätigen, dass das Protokoll nur gewachsen ist. Sie lesen keine Einträge. Ihr Wort gilt, soweit in jeder Mehrheit ein ehrlicher Zeuge ist.',
    'Witnesses confirm that the log has only grown. They do not read entries. Their word holds as far as there is an honest witness in every quorum.',
  );
  return limits(
    room.charter.witnesses.length === 0 ? alone : witnessed,
    said(
      'Wer die Maschine betreibt, kann bei Zusicherung „software“ ihren Speicher lesen. Das stünde nicht im Protokoll.',
      'With assurance “software” whoever runs the machine can read its memory. That would not be in the log.',
    ),
    said(
      'Ob angelieferte Daten richtig sind, ob hinter einem Schlüssel die richtige Person steht und was Empfänger mit Antworten tun, weiß das Protokoll nicht.',
      'The log does not know whether data handed over are right, whether the right person holds a key, or what recipients do with answers.',
    ),
  );
}
