/** A table of events, the same in every report that lists them, and what an event is about. */
import type { Bilingual, EntryOf } from '@reinraum/protocol';
import { entryWords } from '../index/entry-words.ts';
import { cell, entryRow, same, type Table, text } from './document.ts';
import { momentName, questionName, unitName } from './names.ts';
import type { ReadEntry, VerifiedLog } from './subject.ts';

/** Who founded a room. */
export const foundersWords = text('Gründer gemeinsam', 'the founders together');

/** One row an entry: when, what, about what, by whom; only the founding has no member, it is the founders' own act. */
export function eventsTable(
  { room }: VerifiedLog,
  caption: Bilingual,
  events: readonly ReadEntry[],
  empty: Bilingual,
): Table {
  return {
    caption,
    head: [
      text('Eintrag', 'Entry'),
      text('Zeitpunkt', 'Moment'),
      text('Vorgang', 'Event'),
      text('Worüber', 'About'),
      text('Mitglied', 'Member'),
      text('Stelle', 'Unit'),
    ],
    rows: events.map((read) =>
      entryRow(read.row.index, [
        cell(momentName(read.row.at)),
        cell(entryWords[read.entry.type]),
        cell(aboutWords(read)),
        cell(read.row.actor ?? foundersWords),
        cell(read.row.unit === null ? '–' : unitName(room, read.row.unit)),
      ]),
    ),
    empty,
  };
}

/** What an entry is about: its question, dataset, the member whose keys or details it is about, what was reviewed, seen or reported. */
export function aboutWords({ row, entry, question }: ReadEntry) {
  if (row.query !== null) return questionName(question, row.query);
  if (row.datasets.length > 0) return same(row.datasets.join(', '));
  if (entry.type === 'member.recovery-approved' || entry.type === 'member.recovered') return same(entry.detail.member);
  if (entry.type === 'enclave.started') return same(entry.detail.assurance);
  if (entry.type === 'detail.described') return same(`member/${entry.detail.member}`);
  if (entry.type === 'log.snapshot') return same(`${entry.detail.state.slice(0, 12)}…`);
  if (entry.type === 'log.held')
    return entry.detail.held ? text('gesperrt', 'held') : text('Sperre aufgehoben', 'hold lifted');
  if (entry.type === 'log.prune-requested' || entry.type === 'log.pruned') {
    return text(`vor Eintrag ${entry.detail.snapshot}`, `before entry ${entry.detail.snapshot}`);
  }
  if (entry.type === 'detail.held') return holdWords(entry.detail);
  if (entry.type === 'review.completed') return reviewWords(entry.detail);
  if (entry.type === 'alert.acknowledged') return same(entry.detail.alert);
  if (entry.type === 'report.generated') return reportWords(entry.detail);
  return same('scope' in entry.detail && entry.type !== 'session.opened' ? entry.detail.scope : '–');
}

function holdWords({ scope, held }: EntryOf<'detail.held'>['detail']) {
  return held
    ? text(`${scope}: gesperrt`, `${scope}: held`)
    : text(`${scope}: Sperre aufgehoben`, `${scope}: hold lifted`);
}

function reportWords({ report, from, to }: EntryOf<'report.generated'>['detail']) {
  return text(`„${report}“, Einträge ${from} bis ${to}`, `“${report}”, entries ${from} to ${to}`);
}

function reviewWords({ from, to, finding }: EntryOf<'review.completed'>['detail']) {
  const found = {
    none: text('ohne Befund', 'nothing found'),
    remarks: text('mit Anmerkungen', 'with remarks'),
    objection: text('mit Beanstandung', 'with an objection'),
  }[finding];
  return text(`Einträge ${from} bis ${to}, ${found.de}`, `entries ${from} to ${to}, ${found.en}`);
}
