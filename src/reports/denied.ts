/** Denied and blocked: what the room did not do, and why. */
import { refusals } from '@reinraum/protocol';
import { cell, counted, entryRow, type Row, said, same, type Table, text } from './document.ts';
import type { ReportBody } from './heading.ts';
import { limits } from './limits.ts';
import { momentName, questionName, unitName } from './names.ts';
import { grouped, indicesOf, inPeriod, ofType, type ReadEntry, type ReportWish, type VerifiedLog } from './subject.ts';

/** Refusals, rejected datasets, failed answers and revoked questions of the period. */
export function denied(log: VerifiedLog, wish: ReportWish): ReportBody {
  const entries = inPeriod(log, wish);
  const refused = ofType(entries, 'statement.refused');
  return {
    id: 'denied',
    title: text('Abgelehntes und Gesperrtes', 'Denied and blocked'),
    sections: [
      {
        title: text('Abgelehnte Handlungen', 'Refused acts'),
        sentences: [
          said(
            'Eine Ablehnung fällt, bevor ein Datensatz gelesen wird. Sie ist meist ein Versehen; viele von einem Mitglied in kurzer Zeit sind ein Anlass nachzufragen.',
            'A refusal comes before any record is read. Mostly it is a slip; many by one member within a short time are a reason to ask.',
          ),
        ],
        tables: [byCode(refused), each(log, refused)],
      },
      {
        title: text('Gesperrt und gescheitert', 'Blocked and failed'),
        sentences: [
          said(
            'Eine gescheiterte Antwort setzt ihre Frage aus, bis ein Datenschutzbeauftragter sie wieder freigibt. Was abgebucht war, bleibt abgebucht.',
            'A failed answer suspends its question until a data protection officer clears it. What was charged stays charged.',
          ),
        ],
        tables: [failures(log, ofType(entries, 'query.failed')), revocations(log, entries), rejections(log, entries)],
      },
      limits(
        said(
          'Was gar nicht als lesbare Erklärung eines Mitglieds ankam, und was der Betreiber nicht weiterreicht.',
          'What never arrived as a readable statement of a member, and what the operator does not pass on.',
        ),
      ),
    ],
  };
}

function byCode(refused: readonly ReadEntry[]): Table {
  return {
    caption: text('Nach Grund', 'By reason'),
    head: [text('Grund', 'Reason'), text('Bedeutung', 'Meaning'), text('Anzahl', 'Number')],
    rows: grouped(refused, ({ row }) => row.code ?? '').map(([code, own]): Row => {
      const indices = indicesOf(own);
      const meaning = Object.hasOwn(refusals, code) ? refusals[code as keyof typeof refusals] : same(code);
      return { entries: indices, cells: [cell(code), cell(meaning), counted(indices)] };
    }),
    empty: text('Im Zeitraum wurde nichts abgelehnt.', 'Nothing was refused in the period.'),
  };
}

function each(log: VerifiedLog, refused: readonly ReadEntry[]): Table {
  return {
    caption: text('Jede Ablehnung', 'Every refusal'),
    head: [
      text('Eintrag', 'Entry'),
      text('Zeitpunkt', 'Moment'),
      text('Handlung', 'Act'),
      text('Grund', 'Reason'),
      text('Mitglied', 'Member'),
      text('Stelle', 'Unit'),
    ],
    rows: refused.map(({ row, entry }) =>
      entryRow(row.index, [
        cell(momentName(row.at)),
        cell(entry.type === 'statement.refused' && entry.detail.statement !== '' ? entry.detail.statement : '–'),
        cell(row.code ?? '–'),
        cell(row.actor ?? text('unbekannt', 'unknown')),
        cell(row.unit === null ? '–' : unitName(log.room, row.unit)),
      ]),
    ),
    empty: text('Keine.', 'None.'),
  };
}

/** With the clearance, whenever it came. */
function failures(log: VerifiedLog, failed: readonly ReadEntry[]): Table {
  const cleared = ofType(log.entries, 'query.cleared');
  return {
    caption: text('Gescheiterte Antworten', 'Failed answers'),
    head: [
      text('Eintrag', 'Entry'),
      text('Zeitpunkt', 'Moment'),
      text('Frage', 'Question'),
      text('Aussetzung aufgehoben', 'Suspension lifted'),
    ],
    rows: failed.map(({ row, question }) => {
      const lifted = cleared.find(({ row: { caused } }) => caused === row.index)?.row;
      return entryRow(row.index, [
        cell(momentName(row.at)),
        cell(questionName(question, row.query)),
        lifted ? cell(momentName(lifted.at), [lifted.index]) : cell(text('nein', 'no')),
      ]);
    }),
    empty: text('Keine.', 'None.'),
  };
}

function revocations(log: VerifiedLog, entries: readonly ReadEntry[]): Table {
  return {
    caption: text('Widerrufene Fragen', 'Revoked questions'),
    head: [text('Eintrag', 'Entry'), text('Zeitpunkt', 'Moment'), text('Frage', 'Question'), text('Stelle', 'Unit')],
    rows: ofType(entries, 'query.revoked').map(({ row, question }) =>
      entryRow(row.index, [
        cell(momentName(row.at)),
        cell(questionName(question, row.query)),
        cell(unitName(log.room, row.unit ?? '')),
      ]),
    ),
    empty: text('Keine.', 'None.'),
  };
}

function rejections(log: VerifiedLog, entries: readonly ReadEntry[]): Table {
  return {
    caption: text('Abgelehnte Datensätze', 'Rejected datasets'),
    head: [text('Eintrag', 'Entry'), text('Zeitpunkt', 'Moment'), text('Datensatz', 'Dataset'), text('Stelle', 'Unit')],
    rows: ofType(entries, 'dataset.rejected').map(({ row }) =>
      entryRow(row.index, [
        cell(momentName(row.at)),
        cell(row.datasets.join(', ')),
        cell(unitName(log.room, row.unit ?? '')),
      ]),
    ),
    empty: text('Keine.', 'None.'),
  };
}
