/** Breach file (Art. 33 GDPR): what the log can contribute to it, and marked gaps for what only people know. */
import type { Bilingual } from '@reinraum/protocol';
import { entryWords } from '../index/entry-words.ts';
import { cell, counted, entryRow, type Row, type Said, said, type Table, text, toFillIn } from './document.ts';
import { aboutWords } from './events.ts';
import type { ReportBody } from './heading.ts';
import { limits } from './limits.ts';
import { momentName, populationName, unitName } from './names.ts';
import { grouped, indicesOf, inPeriod, ofType, type ReportWish, type VerifiedLog } from './subject.ts';

/** Events that may be signs of a breach. None of them is one by itself. */
export const signTypes = [
  'query.failed',
  'release.retracted',
  'member.recovery-approved',
  'member.recovered',
  'statement.refused',
  'detail.opened',
  'alert.acknowledged',
] as const;

/** The file for a period in which something went wrong. It decides nothing: whether there was a breach people say. */
export function breach(log: VerifiedLog, wish: ReportWish): ReportBody {
  return {
    id: 'breach',
    title: text('Akte zu einer Datenschutzverletzung', 'Breach file'),
    sections: [
      {
        title: text('Angaben nach Art. 33 Abs. 3 DSGVO', 'Particulars under Art. 33(3) GDPR'),
        sentences: [
          said(
            'Die Meldung an die Aufsichtsbehörde ist binnen 72 Stunden fällig, nachdem die Verletzung bekannt wurde (Art. 33 Abs. 1 DSGVO). Wann das war, steht nicht im Protokoll.',
            'The supervisory authority has to be notified within 72 hours of becoming aware of the breach (Art. 33(1) GDPR). When that was is not in the log.',
          ),
          ...breachGaps,
        ],
        tables: [],
      },
      {
        title: text('Was das Protokoll beiträgt', 'What the log contributes'),
        sentences: [
          said(
            'Der Raum gibt nur Tabellen mit Rauschen und Mindestzahl heraus. Betroffen sein können die Bevölkerungsgruppen unten, durch die dort gezählten Antworten.',
            'The room hands out tables with noise and a minimum count only. The populations below can be concerned, by the answers counted there.',
          ),
        ],
        tables: [signs(log, wish), populations(log, wish), recipients(log, wish)],
      },
      limits(
        said(
          'Zugriffe auf die Maschine, ihren Speicher oder ihre Sicherungen; gestohlene Schlüssel, solange niemand sie meldet; was Empfänger weitergeben.',
          'Access to the machine, its memory or its backups; stolen keys as long as nobody reports them; what recipients pass on.',
        ),
      ),
    ],
  };
}

/** What only people know, as marked gaps in the order of Art. 33(3). */
export const breachGaps: readonly Said[] = [
  toFillIn(
    'Zeitpunkt, zu dem die Verletzung bekannt wurde, und Ende der 72 Stunden',
    'when the breach became known, and the end of the 72 hours',
  ),
  toFillIn(
    'Art der Verletzung (Vertraulichkeit, Integrität, Verfügbarkeit)',
    'nature of the breach (confidentiality, integrity, availability)',
  ),
  toFillIn(
    'Kategorien und ungefähre Zahl der betroffenen Personen und Datensätze',
    'categories and approximate number of persons and records concerned',
  ),
  toFillIn(
    'Name und Kontaktdaten des Datenschutzbeauftragten',
    'name and contact details of the data protection officer',
  ),
  toFillIn('wahrscheinliche Folgen', 'likely consequences'),
  toFillIn('ergriffene und vorgeschlagene Maßnahmen', 'measures taken and proposed'),
  toFillIn(
    'ob die Betroffenen zu benachrichtigen sind (Art. 34 DSGVO), mit Begründung',
    'whether the persons concerned have to be told (Art. 34 GDPR), with the reasons',
  ),
];

function signs(log: VerifiedLog, wish: ReportWish): Table {
  const entries = inPeriod(log, wish);
  const degraded = entries.filter(
    ({ entry }) => entry.type === 'enclave.started' && entry.detail.assurance === 'degraded',
  );
  const found = [...ofType(entries, ...signTypes), ...degraded].sort((a, b) => a.row.index - b.row.index);
  return {
    caption: text('Vorgänge, die ein Anzeichen sein können', 'Events that can be a sign'),
    head: [
      text('Eintrag', 'Entry'),
      text('Zeitpunkt', 'Moment'),
      text('Vorgang', 'Event'),
      text('Grund', 'Reason'),
      text('Worüber', 'About'),
      text('Mitglied', 'Member'),
    ],
    rows: found.map((read) =>
      entryRow(read.row.index, [
        cell(momentName(read.row.at)),
        cell(entryWords[read.entry.type]),
        cell(read.row.code ?? '–'),
        cell(aboutWords(read)),
        cell(read.row.actor ?? '–'),
      ]),
    ),
    empty: text('Keine im Zeitraum.', 'None in the period.'),
  };
}

function populations(log: VerifiedLog, wish: ReportWish): Table {
  const entries = inPeriod(log, wish);
  const charged = ofType(entries, 'query.charged').flatMap((read) =>
    read.row.charges.map(({ population }) => ({ population, read })),
  );
  return {
    caption: text('Bevölkerungsgruppen, über die geantwortet wurde', 'Populations that were answered about'),
    head: [text('Bevölkerungsgruppe', 'Population'), text('Abbuchungen im Zeitraum', 'Charges in the period')],
    rows: grouped(charged, ({ population }) => population).map(([id, own]) =>
      countRow(populationName(log.room, id), indicesOf(own.map(({ read }) => read))),
    ),
    empty: text('Keine.', 'None.'),
  };
}

function recipients(log: VerifiedLog, wish: ReportWish): Table {
  const given = ofType(inPeriod(log, wish), 'query.released', 'query.repeated');
  return {
    caption: text('Empfänger von Antworten', 'Recipients of answers'),
    head: [text('Empfänger', 'Recipient'), text('Antworten im Zeitraum', 'Answers in the period')],
    rows: grouped(given, ({ row }) => row.recipient ?? '').map(([unit, own]) =>
      countRow(unitName(log.room, unit), indicesOf(own)),
    ),
    empty: text('Keine.', 'None.'),
  };
}

function countRow(name: Bilingual, entries: readonly number[]): Row {
  return { entries, cells: [cell(name), counted(entries)] };
}
