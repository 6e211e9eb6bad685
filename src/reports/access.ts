/** Access to the log itself: who opened it to read, and until when, and what reports were made of it. */
import { cell, counted, entryRow, type Row, said, type Table, text } from './document.ts';
import { aboutWords } from './events.ts';
import type { ReportBody } from './heading.ts';
import { limits } from './limits.ts';
import { momentName, unitName } from './names.ts';
import { grouped, indicesOf, inPeriod, ofType, type ReadEntry, type ReportWish, type VerifiedLog } from './subject.ts';

/** Sessions of the period. */
export function access(log: VerifiedLog, wish: ReportWish): ReportBody {
  const sessions = ofType(inPeriod(log, wish), 'session.opened');
  return {
    id: 'access',
    title: text('Zugriffe auf das Protokoll', 'Access to the log'),
    sections: [
      {
        title: text('Wer gelesen hat', 'Who has read'),
        sentences: [
          said(
            'Wer das Protokoll über den Raum liest, öffnet dafür eine Sitzung. Jede ist ein Eintrag.',
            'Who reads the log through the room opens a session for it. Each is an entry.',
          ),
        ],
        tables: [byMember(log, sessions), each(log, sessions)],
      },
      {
        title: text('Wer Angaben hinter Verweisen gelesen hat', 'Who has read details behind references'),
        sentences: [
          said(
            'Namen von Mitgliedern und Parameter von Fragen stehen neben dem Protokoll. Nur Datenschutzbeauftragte können sie öffnen, und jedes Öffnen ist ein Eintrag.',
            'Names of members and parameters of questions are kept beside the log. Only data protection officers can open them, and each opening is an entry.',
          ),
        ],
        tables: [opened(log, ofType(inPeriod(log, wish), 'detail.opened'))],
      },
      {
        title: text('Welche Berichte erstellt wurden', 'Which reports were made'),
        sentences: [
          said(
            'Datenschutzbeauftragte, die einen Bericht aus dem laufenden Raum erstellen, können ihn aufzeichnen: Der Eintrag nennt ihn und die Prüfsumme (SHA-256) seiner JSON-Fassung.',
            'Data protection officers who make a report from the running room can record it: the entry names it and the digest (SHA-256) of its JSON form.',
          ),
        ],
        tables: [reported(log, ofType(inPeriod(log, wish), 'report.generated'))],
      },
      limits(
        said(
          'Was in einer Sitzung gelesen wurde. Wer eine Kopie, ein Beweispaket oder die Dateien auf der Maschine hat, liest ohne Eintrag und erstellt Berichte ohne Eintrag.',
          'What was read in a session. Who has a copy, an evidence bundle or the files on the machine reads without an entry, and makes reports without one.',
        ),
        said(
          'Der unterschriebene Stand (Größe und Wurzel) ist öffentlich; sein Abruf ist kein Eintrag.',
          'The signed state (size and root) is public; fetching it is no entry.',
        ),
      ),
    ],
  };
}

function opened(log: VerifiedLog, reads: readonly ReadEntry[]): Table {
  return {
    caption: text('Jede Einsicht', 'Every reading'),
    head: [
      text('Eintrag', 'Entry'),
      text('Zeitpunkt', 'Moment'),
      text('Angaben', 'Details'),
      text('Mitglied', 'Member'),
      text('Stelle', 'Unit'),
    ],
    rows: reads.map((read) =>
      entryRow(read.row.index, [
        cell(momentName(read.row.at)),
        cell(aboutWords(read)),
        cell(read.row.actor ?? '–'),
        cell(unitName(log.room, read.row.unit ?? '')),
      ]),
    ),
    empty: text('Im Zeitraum wurden keine geöffnet.', 'None were opened in the period.'),
  };
}

function reported(log: VerifiedLog, reports: readonly ReadEntry[]): Table {
  return {
    caption: text('Jeder aufgezeichnete Bericht', 'Every recorded report'),
    head: [
      text('Eintrag', 'Entry'),
      text('Zeitpunkt', 'Moment'),
      text('Bericht', 'Report'),
      text('Prüfsumme', 'Digest'),
      text('Mitglied', 'Member'),
      text('Stelle', 'Unit'),
    ],
    rows: reports.map((read) =>
      entryRow(read.row.index, [
        cell(momentName(read.row.at)),
        cell(aboutWords(read)),
        cell(read.entry.type === 'report.generated' ? read.entry.detail.digest : '–'),
        cell(read.row.actor ?? '–'),
        cell(unitName(log.room, read.row.unit ?? '')),
      ]),
    ),
    empty: text('Im Zeitraum wurde keiner aufgezeichnet.', 'None was recorded in the period.'),
  };
}

function byMember(log: VerifiedLog, sessions: readonly ReadEntry[]): Table {
  return {
    caption: text('Nach Mitglied', 'By member'),
    head: [text('Mitglied', 'Member'), text('Stelle', 'Unit'), text('Sitzungen', 'Sessions')],
    rows: grouped(sessions, ({ row }) => `${row.actor ?? ''} ${row.unit ?? ''}`).map(([key, own]): Row => {
      const [actor = '', unit = ''] = key.split(' ');
      const indices = indicesOf(own);
      return { entries: indices, cells: [cell(actor), cell(unitName(log.room, unit)), counted(indices)] };
    }),
    empty: text('Im Zeitraum hat niemand eine Sitzung geöffnet.', 'Nobody opened a session in the period.'),
  };
}

function each(log: VerifiedLog, sessions: readonly ReadEntry[]): Table {
  return {
    caption: text('Jede Sitzung', 'Every session'),
    head: [
      text('Eintrag', 'Entry'),
      text('Geöffnet', 'Opened'),
      text('Gültig bis', 'Valid until'),
      text('Mitglied', 'Member'),
      text('Stelle', 'Unit'),
    ],
    rows: sessions.map(({ row, entry }) =>
      entryRow(row.index, [
        cell(momentName(row.at)),
        cell(entry.type === 'session.opened' ? momentName(entry.detail.until) : '–'),
        cell(row.actor ?? '–'),
        cell(unitName(log.room, row.unit ?? '')),
      ]),
    ),
    empty: text('Keine.', 'None.'),
  };
}
