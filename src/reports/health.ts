/** Log health: gaps, order of time, witnesses, starts. */
import { amount, cell, entryRow, type Row, said, same, type Table, text } from './document.ts';
import { eventsTable } from './events.ts';
import { type ReportBody, witnessesSaid } from './heading.ts';
import { limits } from './limits.ts';
import { momentName } from './names.ts';
import { entryOf, inPeriod, ofType, type ReportWish, type VerifiedLog } from './subject.ts';

/** A hole from this many hours on is shown. `audit watch` warns from the same number unless told otherwise. */
export const gapHours = 24;
const hourMs = 3_600_000;

/** Gaps that end in the period, starts of the period, and the witnesses of the head. */
export function health(log: VerifiedLog, wish: ReportWish): ReportBody {
  const entries = inPeriod(log, wish);
  const starts = ofType(entries, 'enclave.started');
  return {
    id: 'health',
    title: text('Zustand des Protokolls', 'Log health'),
    sections: [
      {
        title: text('Lücken und Uhr', 'Gaps and clock'),
        sentences: [
          said(
            'Kein Eintrag ist früher datiert als der davor: Das prüft audit verify.',
            'No entry is dated before the one before it: audit verify checks that.',
            entries.map(({ row }) => row.index),
          ),
          lastSaid(log, wish),
        ],
        tables: [gaps(log, entries)],
      },
      { title: text('Zeugen', 'Witnesses'), sentences: [witnessesSaid(log)], tables: [witnesses(log)] },
      { title: text('Starts der Enklave', 'Starts of the enclave'), sentences: [], tables: [startsTable(log, starts)] },
      {
        title: text('Prüfungen und Warnungen', 'Reviews and warnings'),
        sentences: [],
        tables: [
          eventsTable(
            log,
            text('Abgeschlossene Prüfungen und gesehene Warnungen', 'Completed reviews and acknowledged warnings'),
            ofType(entries, 'review.completed', 'alert.acknowledged'),
            text('Keine im Zeitraum.', 'None in the period.'),
          ),
        ],
      },
      limits(
        said(
          'Ein regelmäßiges Lebenszeichen gibt es noch nicht. Eine Lücke kann Stille sein oder ein Ausfall; das Protokoll unterscheidet sie nicht.',
          'There is no regular sign of life yet. A gap can be silence or an outage; the log does not tell them apart.',
        ),
        said(
          'Ob die Uhr des Raums richtig ging. Das sieht nur, wer das Protokoll laufend verfolgt (reinraum audit watch).',
          'Whether the room’s clock was right. Only who follows the log as it grows can see that (reinraum audit watch).',
        ),
        said(
          'Wann die Enklave endete: Nur Starts sind Einträge. Wann Zeugen fehlten, ist nachträglich nicht zu sehen.',
          'When the enclave ended: only starts are entries. When witnesses were missing cannot be seen afterwards.',
        ),
      ),
    ],
  };
}

function lastSaid({ entries }: VerifiedLog, { madeAt }: ReportWish) {
  const last = entries.at(-1)?.row;
  const hours = last ? Math.floor((Date.parse(madeAt) - Date.parse(last.at)) / hourMs) : 0;
  const when = momentName(last?.at ?? '');
  return said(
    `Der letzte Eintrag ist vom ${when.de}, ${Math.max(0, hours)} volle Stunden vor diesem Bericht.`,
    `The last entry is of ${when.en}, ${Math.max(0, hours)} full hours before this report.`,
    last ? [last.index] : [],
  );
}

/** Between an entry of the period and the one before it, be that in the period or not. */
function gaps(log: VerifiedLog, within: ReturnType<typeof inPeriod>): Table {
  const rows = within.flatMap(({ row }): Row[] => {
    const before = row.index > log.from ? entryOf(log, row.index - 1)?.row : undefined;
    const hours = before ? Math.floor((Date.parse(row.at) - Date.parse(before.at)) / hourMs) : 0;
    if (!before || hours < gapHours) return [];
    const pair = [before.index, row.index];
    return [
      {
        entries: pair,
        cells: [
          cell(`${before.index}, ${row.index}`),
          cell(momentName(before.at)),
          cell(momentName(row.at)),
          amount(hours, pair),
        ],
      },
    ];
  });
  return {
    caption: text(`Lücken von ${gapHours} Stunden und mehr`, `Gaps of ${gapHours} hours and more`),
    head: [text('Einträge', 'Entries'), text('Von', 'From'), text('Bis', 'To'), text('Volle Stunden', 'Full hours')],
    rows,
    empty: text('Keine.', 'None.'),
  };
}

function witnesses({ room: { charter } }: VerifiedLog): Table {
  return {
    caption: text('Zeugen der Charta', 'Witnesses of the charter'),
    head: [text('Schlüssel', 'Key'), text('Adresse', 'Address')],
    rows: charter.witnesses.map(({ key, url }): Row => ({ entries: [0], cells: [cell(key), cell(url)] })),
    empty: text('Die Charta nennt keine.', 'The charter names none.'),
  };
}

function startsTable({ claims }: VerifiedLog, starts: ReturnType<typeof inPeriod>): Table {
  return {
    caption: text('Starts', 'Starts'),
    head: [
      text('Eintrag', 'Entry'),
      text('Zeitpunkt', 'Moment'),
      text('Zusicherung', 'Assurance'),
      text('Schutzwände, die hielten', 'Walls that held'),
      text('Programmfassung', 'Build'),
    ],
    rows: starts.map(({ row, entry }) => {
      const walls = claims.get(row.index)?.walls ?? [];
      const held = walls.filter((wall) => wall.held).length;
      return entryRow(row.index, [
        cell(momentName(row.at)),
        cell(entry.type === 'enclave.started' ? assuranceWords[entry.detail.assurance] : '–'),
        { ...amount(held, []), text: text(`${held} von ${walls.length}`, `${held} of ${walls.length}`) },
        cell(same(entry.recorder)),
      ]);
    }),
    empty: text('Keine im Zeitraum.', 'None in the period.'),
  };
}

const assuranceWords = {
  software: text(
    'Software: Wer die Maschine betreibt, kann entschlüsseln.',
    'Software: whoever runs the machine can decrypt.',
  ),
  degraded: text('Eingeschränkt: Es fehlten Schutzwände.', 'Degraded: walls were missing.'),
} as const;
