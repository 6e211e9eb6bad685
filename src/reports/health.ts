/** Log health: gaps, order of time, witnesses, starts. */
import { heartbeatMs, silenceMaxMs } from '@reinraum/protocol';
import { amount, cell, entryRow, type Row, said, same, type Table, text, whole } from './document.ts';
import { eventsTable } from './events.ts';
import { type ReportBody, witnessesSaid } from './heading.ts';
import { limits } from './limits.ts';
import { momentName } from './names.ts';
import { entryOf, indicesOf, inPeriod, ofType, type ReadEntry, type ReportWish, type VerifiedLog } from './subject.ts';

const hourMs = 3_600_000;
const heartbeatHours = heartbeatMs / hourMs;
/** A longer hole is shown. `audit watch` warns from the same number on unless told otherwise. */
const silentHours = silenceMaxMs / hourMs;

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
          beatsSaid(ofType(entries, 'heartbeat')),
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
          'Warum eine Lücke entstand: ob der Raum nicht lief, die Maschine stand oder jemand sie anhielt.',
          'Why there was a gap: whether the room did not run, the machine stood still, or somebody held it.',
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

function beatsSaid(beats: readonly ReadEntry[]) {
  const { de, en } = whole(beats.length);
  return said(
    `Ein laufender Raum schreibt spätestens nach ${heartbeatHours} Stunden einen Eintrag, notfalls ein Lebenszeichen. Lebenszeichen im Zeitraum: ${de}.`,
    `A running room writes an entry after ${heartbeatHours} hours at the latest, if need be a sign of life. Signs of life in the period: ${en}.`,
    indicesOf(beats),
  );
}

function lastSaid({ entries }: VerifiedLog, { madeAt }: ReportWish) {
  const last = entries.at(-1)?.row;
  const silentMs = last ? Date.parse(madeAt) - Date.parse(last.at) : 0;
  const hours = Math.max(0, Math.floor(silentMs / hourMs));
  const when = momentName(last?.at ?? '');
  const since =
    silentMs > silenceMaxMs
      ? text(
          'Seitdem fehlt das Lebenszeichen: Der Raum läuft nicht, oder hier liegt nicht sein neuester Stand vor.',
          'Since then there is no sign of life: the room does not run, or this is not its newest state.',
        )
      : text('Ein Lebenszeichen fehlt nicht.', 'No sign of life is missing.');
  return said(
    `Der letzte Eintrag ist vom ${when.de}, ${hours} volle Stunden vor diesem Bericht. ${since.de}`,
    `The last entry is of ${when.en}, ${hours} full hours before this report. ${since.en}`,
    last ? [last.index] : [],
  );
}

/** Between an entry of the period and the one before it, be that in the period or not. */
function gaps(log: VerifiedLog, within: ReturnType<typeof inPeriod>): Table {
  const rows = within.flatMap(({ row }): Row[] => {
    const before = row.index > log.from ? entryOf(log, row.index - 1)?.row : undefined;
    const silentMs = before ? Date.parse(row.at) - Date.parse(before.at) : 0;
    if (!before || silentMs <= silenceMaxMs) return [];
    const pair = [before.index, row.index];
    return [
      {
        entries: pair,
        cells: [
          cell(`${before.index}, ${row.index}`),
          cell(momentName(before.at)),
          cell(momentName(row.at)),
          amount(Math.floor(silentMs / hourMs), pair),
        ],
      },
    ];
  });
  return {
    caption: text(`Lücken von mehr als ${silentHours} Stunden`, `Gaps of more than ${silentHours} hours`),
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
