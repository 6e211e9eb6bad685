/** Deletions and retention: what was taken back, what may still be kept and until when, and what nobody can see here. */
import { type DatasetVersion, prunableFrom } from '@reinraum/audit';
import { entryWords } from '../index/entry-words.ts';
import { reasonWords } from './disclosures.ts';
import { cell, entryRow, type Row, said, type Table, text } from './document.ts';
import { aboutWords, eventsTable } from './events.ts';
import type { ReportBody } from './heading.ts';
import { limits } from './limits.ts';
import { basisName, momentName, purposeName, questionName, unitName } from './names.ts';
import { indicesOf, inPeriod, ofType, type ReportWish, type VerifiedLog } from './subject.ts';

/** Events of the period; versions as they stand at the end of the log. */
export function deletions(log: VerifiedLog, wish: ReportWish): ReportBody {
  const { retention } = log.room.charter;
  return {
    id: 'deletions',
    title: text('Löschungen und Aufbewahrung', 'Deletions and retention'),
    sections: [
      {
        title: text('Im Zeitraum', 'In the period'),
        sentences: [
          said(
            'Mit dem Rückzug eines Datensatzes vernichtet der Raum den Schlüssel dieser Fassung; die versiegelte Datei kann danach niemand mehr öffnen, der keine Kopie des Schlüssels behalten hat.',
            'When a dataset is withdrawn the room destroys the key of this version; afterwards nobody can open the sealed file who has not kept a copy of the key.',
          ),
        ],
        tables: [withdrawals(log, wish), erasures(log, wish), prunings(log, wish), retractions(log, wish)],
      },
      {
        title: text('Aufbewahrung', 'Retention'),
        sentences: [
          said(
            `Die Charta will: Antworten bis ${retention.releasesUntil}, das Protokoll ${retention.logYears} Jahre.`,
            `The charter wants: answers until ${retention.releasesUntil}, the log for ${retention.logYears} years.`,
            [0],
          ),
          ...(wish.madeAt.slice(0, 10) > retention.releasesUntil
            ? [
                said(
                  'Die Frist für Antworten ist abgelaufen. Das Protokoll enthält keine Löschung danach.',
                  'The term for answers has passed. The log holds no deletion by it.',
                  [0],
                ),
              ]
            : []),
        ],
        tables: [oldEntries(log, wish), versions(log, wish)],
      },
      limits(
        said(
          'Löschung nach Frist: Alte Einträge löscht der Raum erst, wenn die Datenschutzbeauftragten zweier Beteiligter es unterschreiben; von selbst löscht er nichts. Gespeicherte Antworten werden nach ihrer Frist nicht von selbst gelöscht.',
          'Deletion by term: the room prunes old entries only once the data protection officers of two parties sign for it; by itself it deletes nothing. Stored answers are not deleted by themselves when their term has passed.',
        ),
        said(
          'Löschung einzelner Menschen aus einem Datensatz: Sie geschieht durch eine neue Fassung ohne sie und den Rückzug der alten.',
          'Erasure of single persons from a dataset: it is done by a new version without them and the withdrawal of the old one.',
        ),
        said(
          'Ob der Schlüssel wirklich vernichtet und keine Sicherung behalten wurde, und ob die Dateien bei den Dateneignern gelöscht sind.',
          'Whether the key was really destroyed and no backup kept, and whether the owners’ own files are deleted.',
        ),
      ),
    ],
  };
}

function withdrawals(log: VerifiedLog, wish: ReportWish): Table {
  return {
    caption: text('Zurückgezogene Datensätze', 'Withdrawn datasets'),
    head: [
      text('Eintrag', 'Entry'),
      text('Zeitpunkt', 'Moment'),
      text('Datensatz', 'Dataset'),
      text('Mitglied', 'Member'),
      text('Stelle', 'Unit'),
    ],
    rows: ofType(inPeriod(log, wish), 'dataset.withdrawn').map(({ row }) =>
      entryRow(row.index, [
        cell(momentName(row.at)),
        cell(row.datasets.join(', ')),
        cell(row.actor ?? '–'),
        cell(unitName(log.room, row.unit ?? '')),
      ]),
    ),
    empty: text('Keine.', 'None.'),
  };
}

/** Names of members and parameters of runs are kept beside the log and can be erased there (docs/spec/details.md). */
function erasures(log: VerifiedLog, wish: ReportWish): Table {
  return {
    caption: text('Angaben neben dem Protokoll: Löschungen und Sperren', 'Details beside the log: erasures and holds'),
    head: [
      text('Eintrag', 'Entry'),
      text('Zeitpunkt', 'Moment'),
      text('Vorgang', 'Event'),
      text('Angaben', 'Details'),
      text('Grund', 'Reason'),
      text('Mitglied', 'Member'),
    ],
    rows: ofType(inPeriod(log, wish), 'detail.erasure-requested', 'detail.erased', 'detail.held').map((read) =>
      entryRow(read.row.index, [
        cell(momentName(read.row.at)),
        cell(entryWords[read.entry.type]),
        cell(aboutWords(read)),
        cell(erasureReasons[read.row.code ?? ''] ?? '–'),
        cell(read.row.actor ?? '–'),
      ]),
    ),
    empty: text('Keine.', 'None.'),
  };
}

const erasureReasons: Readonly<Record<string, { de: string; en: string }>> = {
  request: text('auf Antrag', 'on request'),
  expired: text('Frist abgelaufen', 'term passed'),
  unlawful: text('unrechtmäßig gespeichert', 'kept unlawfully'),
  other: text('anderer Grund', 'another reason'),
};

function prunings(log: VerifiedLog, wish: ReportWish): Table {
  return eventsTable(
    log,
    text('Alte Einträge: Schnappschüsse, Sperren, Löschungen', 'Old entries: snapshots, holds, prunings'),
    ofType(inPeriod(log, wish), 'log.snapshot', 'log.held', 'log.prune-requested', 'log.pruned'),
    text('Keine.', 'None.'),
  );
}

/** What stands before each snapshot, and from when on it may go. */
function oldEntries({ room }: VerifiedLog, { madeAt }: ReportWish): Table {
  const { held, snapshots, pruned } = room.retention;
  return {
    caption: text('Schnappschüsse am Ende des Protokolls', 'Snapshots at the end of the log'),
    head: [
      text('Eintrag', 'Entry'),
      text('Zeitpunkt', 'Moment'),
      text('Frühere Einträge löschbar ab', 'Older entries may go from'),
      text('Stand', 'State'),
    ],
    rows: [...snapshots].map(([index, { at }]): Row => {
      const due = prunableFrom(at, room.charter.retention.logYears);
      const isGone = pruned !== null && index <= pruned.snapshot;
      const state = held
        ? text('gesperrt', 'held')
        : madeAt < due
          ? text('Frist läuft', 'term not over')
          : text('überfällig: löschen', 'overdue: prune');
      const words = isGone ? text('gelöscht', 'pruned') : state;
      return entryRow(index, [cell(momentName(at)), cell(momentName(due)), cell(words)]);
    }),
    empty: text('Keine. Ohne Schnappschuss wird nichts gelöscht.', 'None. Without a snapshot nothing is pruned.'),
  };
}

function retractions(log: VerifiedLog, wish: ReportWish): Table {
  return {
    caption: text(
      'Zurückgezogene Antworten (keine Löschung: Kopien beim Empfänger bleiben)',
      'Retracted answers (no deletion: the recipient’s copies remain)',
    ),
    head: [
      text('Eintrag', 'Entry'),
      text('Zeitpunkt', 'Moment'),
      text('Frage', 'Question'),
      text('Empfänger', 'Recipient'),
      text('Grund', 'Reason'),
    ],
    rows: ofType(inPeriod(log, wish), 'release.retracted').map(({ row, question }) =>
      entryRow(row.index, [
        cell(momentName(row.at)),
        cell(questionName(question, row.query)),
        cell(unitName(log.room, row.recipient ?? '')),
        cell(reasonWords(row.code)),
      ]),
    ),
    empty: text('Keine.', 'None.'),
  };
}

function versions(log: VerifiedLog, wish: ReportWish): Table {
  const rows = [...log.room.datasets].flatMap(([dataset, byVersion]) =>
    [...byVersion.values()].map((one): Row => {
      const key = `${dataset}@${one.version}`;
      const own = ofType(
        log.entries.filter(({ row }) => row.datasets.length === 1 && row.datasets[0] === key),
        'dataset.declared',
        'dataset.admitted',
        'dataset.rejected',
        'dataset.withdrawn',
      );
      const { purpose, legalBasis, validUntil } = one.declared;
      const isOverdue = one.state === 'admitted' && wish.madeAt.slice(0, 10) > validUntil;
      return {
        entries: indicesOf(own),
        cells: [
          cell(key),
          cell(stateWords[one.state]),
          cell(purposeName(log.room, purpose)),
          cell(basisName(legalBasis)),
          cell(validUntil),
          cell(isOverdue ? text('ja: zurückziehen', 'yes: withdraw it') : text('nein', 'no')),
        ],
      };
    }),
  );
  return {
    caption: text('Fassungen am Ende des Protokolls', 'Versions at the end of the log'),
    head: [
      text('Datensatz', 'Dataset'),
      text('Stand', 'State'),
      text('Zweck', 'Purpose'),
      text('Rechtsgrundlage', 'Legal basis'),
      text('Gültig bis', 'Valid until'),
      text('Überfällig', 'Overdue'),
    ],
    rows,
    empty: text('Es wurde kein Datensatz angekündigt.', 'No dataset was declared.'),
  };
}

const stateWords: Readonly<Record<DatasetVersion['state'], { de: string; en: string }>> = {
  declared: text('angekündigt', 'declared'),
  admitted: text('zugelassen', 'admitted'),
  rejected: text('abgelehnt, Schlüssel vernichtet', 'rejected, key destroyed'),
  withdrawn: text('zurückgezogen, Schlüssel vernichtet', 'withdrawn, key destroyed'),
};
