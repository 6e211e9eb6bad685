/** Deletion concept: what is kept where, until when, how it ends – and what this version does not do. */

import { deletions } from '../reports/deletions.ts';
import { type Row, text, toFillIn } from '../reports/document.ts';
import type { ReportBody } from '../reports/heading.ts';
import type { ReportWish } from '../reports/subject.ts';
import { charterField, docs, type FolderBasis, from, particular, particulars } from './folder-basis.ts';

/** The concept, with the versions of datasets as the log has them. */
export function erasure({ log, policies }: FolderBasis, wish: ReportWish): ReportBody {
  const { releasesUntil, logYears } = policies.template.retention;
  const versions = deletions(log, wish).sections.flatMap(({ tables }) =>
    tables.filter(({ caption }) => caption.de === 'Fassungen am Ende des Protokolls'),
  );
  const rows: Row[] = [
    particular(
      text('Datensätze', 'Datasets'),
      from(
        'Jede Fassung hat einen letzten Tag, danach wird sie nicht mehr befragt. Der Rückzug vernichtet ihren Schlüssel; die versiegelte Datei bleibt auf der Platte und ist ohne Schlüssel unlesbar.',
        'Every version has a last day; after it, it is not asked any more. Withdrawal destroys its key; the sealed file stays on the disk and cannot be read without the key.',
        docs('spec/policy.md', '4.7 Withdrawal'),
      ),
    ),
    particular(
      text('Antworten', 'Answers'),
      from(
        `Vereinbart ist Aufbewahrung bis ${releasesUntil}. Gelöscht wird nach Datum nichts; Kopien beim Empfänger löscht nur er.`,
        `Retention until ${releasesUntil} is agreed. Nothing is deleted by date; only recipients delete their copies.`,
        charterField('retention.releasesUntil'),
        docs('spec/policy.md', '2 Charter'),
      ),
    ),
    particular(
      text('Protokoll', 'Log'),
      from(
        `Vereinbart sind ${logYears} Jahre. Danach löschen die Datenschutzbeauftragten zweier Beteiligter gemeinsam alles vor einem Schnappschuss, der Abbuchungen und Kontostände festhält (reinraum log prune). Das Protokoll enthält keine Namen und keine Parameter; einzelne Einträge können nicht entfernt werden. Was daneben steht – Namen von Mitgliedern, Parameter und mit ihnen die aufbewahrte Antwort – löschen zwei Personen gemeinsam.`,
        `${logYears} years are agreed. After them the data protection officers of two parties together remove everything before a snapshot that keeps charges and balances (reinraum log prune). The log holds no names and no parameters; single entries cannot be removed. What is kept beside it – names of members, parameters and with them the stored answer – is erased by two people together.`,
        charterField('retention.logYears'),
        docs('spec/log.md', '6 Entries'),
        docs('spec/details.md', '3 Acts'),
      ),
    ),
    particular(
      text('Einzelne Menschen', 'Single people'),
      from(
        'Eine Löschung einzelner Menschen ist nicht gebaut: Der Dateneigner gibt eine neue Fassung ohne sie ab und zieht die alte zurück.',
        'Erasing a single person is not built: the owner hands over a new version without them and withdraws the old one.',
        docs('threat-model.md', 'What is left'),
        docs('spec/policy.md', '4.7 Withdrawal'),
      ),
    ),
    particular(
      text('Sicherungen', 'Backups'),
      from(
        'Eine Kopie der Upload-Schlüssel zusammen mit dem Betreiberschlüssel macht jeden Rückzug rückgängig. Sie dürfen nicht gesichert werden, oder alte Kopien sind bei jedem Rückzug zu vernichten.',
        'A copy of the upload keys with the operator’s key undoes every withdrawal. They must not be backed up, or old copies be destroyed at every withdrawal.',
        docs('operations.md', 'State, backup, restore'),
      ),
    ),
    particular(
      text('Ende des Raums', 'End of the room'),
      from(
        'Dateneigner ziehen ihre Datensätze zurück; danach wird der Betreiberschlüssel mit allen Kopien vernichtet.',
        'Owners withdraw their datasets; then the operator’s key is destroyed with every copy.',
        docs('operations.md', 'Ending a room'),
      ),
    ),
  ];
  return {
    id: 'erasure',
    title: text('Löschkonzept', 'Deletion concept'),
    sections: [
      {
        title: text('Was wann endet', 'What ends when'),
        sentences: [],
        tables: [particulars(text('Arten von Daten', 'Kinds of data'), rows)],
      },
      { title: text('Stand im Protokoll', 'State in the log'), sentences: [], tables: versions },
      {
        title: text('Was zu regeln bleibt', 'What is left to settle'),
        sentences: [
          toFillIn(
            'wer überfällige Fassungen zurückzieht und wer das überwacht',
            'who withdraws overdue versions, and who watches over it',
          ),
          toFillIn(
            'wann Quelldateien und Zwischendateien beim Dateneigner gelöscht werden',
            'when source files and intermediate files at the owner’s are deleted',
          ),
          toFillIn(
            'wie Empfänger Kopien von Antworten löschen und das bestätigen',
            'how recipients delete copies of answers and confirm it',
          ),
        ],
        tables: [],
      },
    ],
  };
}
