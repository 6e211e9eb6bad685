/** Rights and agreement changes: who may what, which questions were agreed on, and when that changed. */
import { missingApprovals } from '@reinraum/audit';
import { type Bilingual, digestOf, type Json, type Member } from '@reinraum/protocol';
import { cell, type Row, said, type Table, text } from './document.ts';
import { eventsTable } from './events.ts';
import type { ReportBody } from './heading.ts';
import { limits } from './limits.ts';
import { questionName, unitName } from './names.ts';
import { indicesOf, inPeriod, ofType, type ReportWish, type VerifiedLog } from './subject.ts';

/** Changes of the period; members and questions as they stand at the end of the log, which is said. */
export function rights(log: VerifiedLog, wish: ReportWish): ReportBody {
  const changes = ofType(
    inPeriod(log, wish),
    'room.founded',
    'query.proposed',
    'query.approved',
    'query.revoked',
    'member.recovery-approved',
    'member.recovered',
  );
  return {
    id: 'rights',
    title: text('Rechte und Vereinbarungen', 'Rights and agreements'),
    sections: [
      {
        title: text('Änderungen im Zeitraum', 'Changes in the period'),
        sentences: [],
        tables: [
          eventsTable(
            log,
            text('Änderungen', 'Changes'),
            changes,
            text('Im Zeitraum hat sich nichts geändert.', 'Nothing changed in the period.'),
          ),
        ],
      },
      {
        title: text('Stand am Ende des Protokolls', 'State at the end of the log'),
        sentences: [
          said(
            `Die Charta gilt unverändert seit der Gründung (${log.room.charterDigest}). Neue Schlüssel brauchen ${log.room.charter.recovery.approvals} Genehmigungen anderer.`,
            `The charter is in force unchanged since the founding (${log.room.charterDigest}). New keys need ${log.room.charter.recovery.approvals} approvals of others.`,
            [0],
          ),
        ],
        tables: [membersTable(log), questionsTable(log)],
      },
      limits(
        said(
          'Wer hinter einem Mitglied steht: Das Protokoll kennt nur zufällige Verweise. Namen stehen, wo Mitglieder beschrieben sind, neben dem Protokoll und können gelöscht werden.',
          'Who stands behind a member: the log knows random references only. Names are kept beside it, where members are described, and can be erased.',
        ),
        said(
          'Die Charta kann in dieser Fassung nicht geändert, Mitglieder können nicht aufgenommen oder entfernt werden. Solche Einträge gibt es deshalb nicht.',
          'In this version the charter cannot be amended, and members cannot be added or removed. So there are no such entries.',
        ),
      ),
    ],
  };
}

function membersTable(log: VerifiedLog): Table {
  const recovered = ofType(log.entries, 'member.recovered');
  return {
    caption: text('Mitglieder', 'Members'),
    head: [
      text('Mitglied', 'Member'),
      text('Stelle', 'Unit'),
      text('Rollen', 'Roles'),
      text('Schlüssel ersetzt', 'Keys replaced'),
    ],
    rows: [...log.room.members.values()].map((one: Member): Row => {
      const own = indicesOf(
        recovered.filter(({ entry }) => entry.type === 'member.recovered' && entry.detail.member === one.ref),
      );
      const times = own.length === 0 ? text('nein', 'no') : text(`ja, ${own.length}-mal`, `yes, times: ${own.length}`);
      return {
        entries: [0, ...own],
        cells: [
          cell(one.ref),
          cell(unitName(log.room, one.unit)),
          cell(one.roles.join(', ')),
          { ...cell(times, own), value: own.length },
        ],
      };
    }),
    empty: text('Keine.', 'None.'),
  };
}

function questionsTable({ room, entries }: VerifiedLog): Table {
  const standing = [...room.queries, ...room.tables];
  return {
    caption: text('Fragen und Tabellen', 'Questions and tables'),
    head: [
      text('Frage', 'Question'),
      text('Stand', 'State'),
      text('Gültig bis', 'Valid until'),
      text('Freigaben', 'Approvals'),
    ],
    rows: standing.map(([digest, state]): Row => {
      const question = 'query' in state ? state.query : state.table;
      const about = entries.filter(({ row }) => row.query === digest);
      const approvals = indicesOf(ofType(about, 'query.approved'));
      const name = { digest: digestOf(question as Json), kind: question.kind, id: question.id, title: question.title };
      return {
        entries: indicesOf(
          ofType(about, 'query.proposed', 'query.approved', 'query.revoked', 'query.failed', 'query.cleared'),
        ),
        cells: [
          cell(questionName(name, digest)),
          cell(standWords(room, state)),
          cell(question.expires),
          { ...cell(String(state.approvals.size), approvals), value: state.approvals.size },
        ],
      };
    }),
    empty: text('Keine.', 'None.'),
  };
}

/** Where a question or table stands: approved, suspended, revoked, or whose approval it lacks. */
export function standWords(room: VerifiedLog['room'], state: Parameters<typeof missingApprovals>[1]): Bilingual {
  if (state.revoked) return text('widerrufen', 'revoked');
  if ('suspended' in state && state.suspended !== null) return text('ausgesetzt', 'suspended');
  const missing = missingApprovals(room, state);
  if (missing.length === 0) return text('freigegeben', 'approved');
  return text(`es fehlt: ${missing.join(', ')}`, `lacking: ${missing.join(', ')}`);
}
