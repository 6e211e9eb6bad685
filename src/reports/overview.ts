/** Period overview: who asked what for, and what became of it. */

import { partyOf } from '@reinraum/protocol';
import { entryWords } from '../index/entry-words.ts';
import { cell, counted, type Row, said, type Table, text } from './document.ts';
import type { ReportBody } from './heading.ts';
import { limits } from './limits.ts';
import { partyName, purposeName } from './names.ts';
import {
  entryOf,
  grouped,
  indicesOf,
  inPeriod,
  ofType,
  type ReadEntry,
  type ReportWish,
  type VerifiedLog,
} from './subject.ts';

/** The columns of the first table: which entries are counted in which. */
const outcomes = [
  ['query.charged', text('abgebucht', 'charged')],
  ['query.released', text('erteilt', 'released')],
  ['query.repeated', text('wiederholt', 'repeated')],
  ['query.failed', text('gescheitert', 'failed')],
  ['release.retracted', text('zurückgezogen', 'retracted')],
] as const;

/** Only entries of the period are counted: an answer charged before it and released in it counts as released alone. */
export function overview(log: VerifiedLog, wish: ReportWish): ReportBody {
  const entries = inPeriod(log, wish);
  return {
    id: 'overview',
    title: text('Überblick nach Beteiligten und Zwecken', 'Overview by party and purpose'),
    sections: [
      {
        title: text('Fragen und Antworten', 'Questions and answers'),
        sentences: [
          said(
            'Gezählt werden Einträge des Zeitraums. Eine Antwort, die davor abgebucht und darin erteilt wurde, steht nur unter „erteilt“.',
            'Entries of the period are counted. An answer that was charged before and released within stands under “released” only.',
          ),
        ],
        tables: [byPurpose(log, entries)],
      },
      { title: text('Alle Handlungen', 'All acts'), sentences: [], tables: [byParty(log, entries)] },
      limits(
        said(
          'Was nach einer Antwort mit ihr geschieht, und Fragen, die niemand dem Raum gestellt hat.',
          'What happens to an answer afterwards, and questions nobody put to the room.',
        ),
      ),
    ],
  };
}

/** By the party that receives, which is the one that asked: an answer goes to the unit of who asks. */
function byPurpose(log: VerifiedLog, entries: readonly ReadEntry[]): Table {
  const counting = ofType(entries, ...outcomes.map(([type]) => type));
  const rows = grouped(counting, (read) => `${receivingParty(log, read)} ${read.row.purpose ?? ''}`);
  return {
    caption: text('Nach Beteiligten und Zweck', 'By party and purpose'),
    head: [text('Beteiligte', 'Party'), text('Zweck', 'Purpose'), ...outcomes.map(([, words]) => words)],
    rows: rows.map(([key, own]): Row => {
      const [party = '', purpose = ''] = key.split(' ');
      const counts = outcomes.map(([type]) => counted(indicesOf(ofType(own, type))));
      const names = [cell(partyName(log.room, party)), cell(purposeName(log.room, purpose))];
      return { entries: indicesOf(own), cells: [...names, ...counts] };
    }),
    empty: text('Im Zeitraum wurde nichts gefragt.', 'Nothing was asked in the period.'),
  };
}

/** A failure names no recipient: it is its charge's. */
function receivingParty(log: VerifiedLog, { row }: ReadEntry): string {
  const recipient = row.recipient ?? (row.caused === null ? null : (entryOf(log, row.caused)?.row.recipient ?? null));
  return recipient === null ? '' : partyOf(recipient);
}

function byParty(log: VerifiedLog, entries: readonly ReadEntry[]): Table {
  const rows = grouped(entries, ({ row }) => `${row.party ?? ''} ${row.type}`);
  return {
    caption: text('Nach handelnder Partei und Vorgang', 'By acting party and event'),
    head: [text('Handelnde Partei', 'Acting party'), text('Vorgang', 'Event'), text('Anzahl', 'Number')],
    rows: rows.map(([key, own]): Row => {
      const [party = ''] = key.split(' ');
      const [first] = own;
      const who = party === '' ? text('der Raum selbst', 'the room itself') : partyName(log.room, party);
      const indices = indicesOf(own);
      const what = first ? entryWords[first.entry.type] : text('–', '–');
      return { entries: indices, cells: [cell(who), cell(what), counted(indices)] };
    }),
    empty: text('Im Zeitraum gibt es keine Einträge.', 'There are no entries in the period.'),
  };
}
