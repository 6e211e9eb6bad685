/** Privileged actions: what only owners, data protection officers or the room itself can do. */
import type { EntryType } from '@reinraum/protocol';
import { entryWords } from '../index/entry-words.ts';
import { type Cell, cell, counted, entryRow, type Row, said, same, type Table, text } from './document.ts';
import { aboutWords, foundersWords } from './events.ts';
import type { ReportBody } from './heading.ts';
import { limits } from './limits.ts';
import { momentName, unitName } from './names.ts';
import { grouped, indicesOf, inPeriod, ofType, type ReadEntry, type ReportWish, type VerifiedLog } from './subject.ts';

/** Events that change what others may do, or that only few may bring about. Handing data over is every owner's daily work and is not among them. */
export const privilegedTypes = [
  'room.founded',
  'enclave.started',
  'dataset.withdrawn',
  'query.approved',
  'query.revoked',
  'query.cleared',
  'release.retracted',
  'member.recovery-approved',
  'member.recovered',
  'detail.opened',
  'detail.held',
  'detail.erasure-requested',
  'detail.erased',
  'log.snapshot',
  'log.held',
  'log.prune-requested',
  'log.pruned',
  'review.completed',
  'alert.acknowledged',
  'report.generated',
] as const satisfies readonly EntryType[];

/** Those of the period. */
export function privileged(log: VerifiedLog, wish: ReportWish): ReportBody {
  const acts = ofType(inPeriod(log, wish), ...privilegedTypes);
  return {
    id: 'privileged',
    title: text('Handlungen mit besonderen Rechten', 'Privileged actions'),
    sections: [
      {
        title: text('Wer sein Recht gebraucht hat', 'Who used a right'),
        sentences: [
          said(
            'Freigaben, Widerrufe, Rückzüge, neue Schlüssel, Einsicht in Angaben und ihre Löschung, Löschung alter Einträge, Prüfungen, Berichte, Gründung und Neustarts: was ändert, was andere dürfen, oder nur wenigen zusteht.',
            'Approvals, revocations, withdrawals, new keys, reading and erasing details, pruning old entries, reviews, reports, founding and restarts: what changes what others may do, or only few may do.',
          ),
        ],
        tables: [byMember(log, acts), each(log, acts)],
      },
      limits(
        said(
          'Handlungen des Betreibers an der Maschine: Sicherungen, Zugriffe auf Dateien, Neustarts des Rechners. Ein Start der Enklave ist ein Eintrag, ein Ende nicht.',
          'What the operator does to the machine: backups, access to files, reboots. A start of the enclave is an entry, an end is not.',
        ),
      ),
    ],
  };
}

function byMember(log: VerifiedLog, acts: readonly ReadEntry[]): Table {
  return {
    caption: text('Nach Mitglied und Vorgang', 'By member and event'),
    head: [
      text('Mitglied', 'Member'),
      text('Stelle', 'Unit'),
      text('Rollen', 'Roles'),
      text('Vorgang', 'Event'),
      text('Anzahl', 'Number'),
    ],
    rows: grouped(acts, ({ row }) => `${row.actor ?? ''} ${row.type}`).map(([, own]): Row => {
      const indices = indicesOf(own);
      const [first] = own;
      const words = first ? entryWords[first.entry.type] : same('–');
      return { entries: indices, cells: [...actorCells(log, first), cell(words), counted(indices)] };
    }),
    empty: text('Keine im Zeitraum.', 'None in the period.'),
  };
}

function actorCells({ room }: VerifiedLog, read: ReadEntry | undefined): readonly [Cell, Cell, Cell] {
  const { actor = null, unit = null } = read?.row ?? {};
  if (actor === null) {
    const isFounding = read?.entry.type === 'room.founded';
    return [cell(isFounding ? foundersWords : text('der Raum selbst', 'the room itself')), cell('–'), cell('–')];
  }
  const roles = room.members.get(actor)?.roles.join(', ') ?? '–';
  return [cell(actor), cell(unit === null ? '–' : unitName(room, unit)), cell(roles)];
}

function each(log: VerifiedLog, acts: readonly ReadEntry[]): Table {
  return {
    caption: text('Jede Handlung', 'Every act'),
    head: [
      text('Eintrag', 'Entry'),
      text('Zeitpunkt', 'Moment'),
      text('Vorgang', 'Event'),
      text('Mitglied', 'Member'),
      text('Stelle', 'Unit'),
      text('Rollen', 'Roles'),
      text('Worüber', 'About'),
    ],
    rows: acts.map((read) =>
      entryRow(read.row.index, [
        cell(momentName(read.row.at)),
        cell(entryWords[read.entry.type]),
        ...actorCells(log, read),
        cell(aboutWords(read)),
      ]),
    ),
    empty: text('Keine.', 'None.'),
  };
}
