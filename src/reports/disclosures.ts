/** Disclosures and recipients: every answer that left the room, to whom, what for, on which basis. */
import { entryWords } from '../index/entry-words.ts';
import { cell, counted, entryRow, type Row, type Said, said, type Table, text } from './document.ts';
import type { ReportBody } from './heading.ts';
import { limits } from './limits.ts';
import { basisName, momentName, purposeName, questionName, unitName } from './names.ts';
import { grouped, indicesOf, inPeriod, ofType, type ReadEntry, type ReportWish, type VerifiedLog } from './subject.ts';

/** Releases and repeats of the period. A retraction is shown whenever it came: it is about what is listed. */
export function disclosures(log: VerifiedLog, wish: ReportWish): ReportBody {
  const given = ofType(inPeriod(log, wish), 'query.released', 'query.repeated');
  return {
    id: 'disclosures',
    title: text('Offenlegungen und Empfänger', 'Disclosures and recipients'),
    sections: [
      {
        title: text('Wer was erhalten hat', 'Who received what'),
        sentences: [totalSaid(indicesOf(given))],
        tables: [byRecipient(log, given), each(log, given)],
      },
      limits(
        said(
          'Ob ein Empfänger eine Antwort weitergegeben hat. Die Inhalte der Antworten stehen nicht im Protokoll, nur eine Festlegung auf sie.',
          'Whether a recipient has passed an answer on. What answers say is not in the log, only a commitment to it.',
        ),
        said(
          'Eine Wiederholung ist dieselbe Antwort noch einmal; sie kostet nichts und gibt nichts Neues preis.',
          'A repeat is the same answer once more; it costs nothing and gives nothing new away.',
        ),
      ),
    ],
  };
}

function totalSaid(indices: readonly number[]): Said {
  const { de, en } = counted(indices).text;
  return said(
    `Im Zeitraum wurden ${de} Antworten offengelegt, Wiederholungen mitgezählt. Es sind Tabellen mit Rauschen und Mindestzahl, nie Datensätze.`,
    `In the period ${en} answers were disclosed, repeats included. They are tables with noise and a minimum count, never records.`,
    indices,
  );
}

function byRecipient(log: VerifiedLog, given: readonly ReadEntry[]): Table {
  const rows = grouped(given, ({ row }) => `${row.recipient ?? ''} ${row.purpose ?? ''} ${row.legalBasis ?? ''}`);
  return {
    caption: text('Nach Empfänger', 'By recipient'),
    head: [
      text('Empfänger', 'Recipient'),
      text('Zweck', 'Purpose'),
      text('Rechtsgrundlage', 'Legal basis'),
      text('erteilt', 'released'),
      text('wiederholt', 'repeated'),
    ],
    rows: rows.map(([key, own]): Row => {
      const [recipient = '', purpose = '', basis = ''] = key.split(' ');
      return {
        entries: indicesOf(own),
        cells: [
          cell(unitName(log.room, recipient)),
          cell(purposeName(log.room, purpose)),
          cell(basisName(basis)),
          counted(indicesOf(ofType(own, 'query.released'))),
          counted(indicesOf(ofType(own, 'query.repeated'))),
        ],
      };
    }),
    empty: text('Im Zeitraum wurde nichts offengelegt.', 'Nothing was disclosed in the period.'),
  };
}

function each(log: VerifiedLog, given: readonly ReadEntry[]): Table {
  return {
    caption: text('Jede Offenlegung', 'Every disclosure'),
    head: [
      text('Eintrag', 'Entry'),
      text('Zeitpunkt', 'Moment'),
      text('Vorgang', 'Event'),
      text('Frage', 'Question'),
      text('Datensätze', 'Datasets'),
      text('Zweck', 'Purpose'),
      text('Rechtsgrundlage', 'Legal basis'),
      text('Empfänger', 'Recipient'),
      text('Zurückgezogen', 'Retracted'),
    ],
    rows: given.map(({ row, entry, question }) =>
      entryRow(row.index, [
        cell(momentName(row.at)),
        cell(entryWords[entry.type]),
        cell(questionName(question, row.query)),
        cell(row.datasets.join(', ')),
        cell(purposeName(log.room, row.purpose ?? '')),
        cell(basisName(row.legalBasis ?? '')),
        cell(unitName(log.room, row.recipient ?? '')),
        retractionCell(log, row.type === 'query.repeated' ? row.caused : row.index),
      ]),
    ),
    empty: text('Keine.', 'None.'),
  };
}

function retractionCell({ entries }: VerifiedLog, release: number | null) {
  const found = ofType(entries, 'release.retracted').find(({ row }) => row.caused === release);
  if (!found) return cell(text('nein', 'no'));
  const { index, code } = found.row;
  return cell(text(`ja, Grund: ${reasonWords(code).de}`, `yes, reason: ${reasonWords(code).en}`), [index]);
}

/** Why a release was taken back, in words. */
export function reasonWords(code: string | null) {
  return reasons[code as keyof typeof reasons] ?? text(code ?? '–', code ?? '–');
}

const reasons = {
  'wrong-data': text('falsche Daten', 'wrong data'),
  'wrong-method': text('falsches Verfahren', 'wrong method'),
  legal: text('rechtliche Gründe', 'legal reasons'),
  other: text('anderer Grund', 'another reason'),
} as const;
