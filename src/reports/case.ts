/** Extract for one case: every entry that has to do with one, for a file that two people sign. */
import { entryWords } from '../index/entry-words.ts';
import { cell, entryRow, said, type Table, text, toFillIn } from './document.ts';
import { aboutWords } from './events.ts';
import type { ReportBody } from './heading.ts';
import { limits } from './limits.ts';
import { momentName, unitName } from './names.ts';
import { entryOf, type ReadEntry, type VerifiedLog } from './subject.ts';

/**
 * The case of an entry: what it follows from and what follows from that, the question's proposal, approvals and revocation,
 * the versions of datasets that were asked, and what became of the run’s
 * details. The period plays no part. Throws `RangeError` where there is no such entry.
 */
export function caseOf(log: VerifiedLog, index: number): ReportBody {
  const entries = caseEntries(log, index);
  return {
    id: 'case',
    title: text(`Auszug zu einem Vorgang: Eintrag ${index}`, `Extract for one case: entry ${index}`),
    sections: [
      {
        title: text('Der Vorgang', 'The case'),
        sentences: [
          said(
            'Aufgeführt ist, was mit dem Eintrag ursächlich verbunden ist, die Freigaben der Frage und die befragten Fassungen – ohne Rücksicht auf einen Zeitraum.',
            'Listed is what the entry is causally connected with, the approvals of the question and the versions that were asked – whatever the period.',
            entries.map(({ row }) => row.index),
          ),
        ],
        tables: [table(log, entries)],
      },
      {
        title: text('Vier Augen', 'Four eyes'),
        sentences: [
          toFillIn('erste Person, Datum, Unterschrift', 'first person, date, signature'),
          toFillIn('zweite Person, Datum, Unterschrift', 'second person, date, signature'),
          toFillIn('Anlass des Auszugs und Aktenzeichen', 'reason for the extract and file number'),
        ],
        tables: [],
      },
      limits(
        said(
          'Parameter der Frage und Inhalt der Antwort. Die Antwort liegt beim Empfänger; das Protokoll enthält Festlegungen, mit denen sie sich belegen lassen.',
          'Parameters of the question and what the answer says. The recipient has the answer; the log holds commitments with which they can be proved.',
        ),
        said(
          'Dass dieser Auszug erstellt wurde: Ein Eintrag entsteht nur mit --record, und er kommt nach den hier gezeigten. Die Unterschriften oben ersetzen ihn nicht, sie dokumentieren ihn.',
          'That this extract was made: there is an entry only with --record, and it comes after those shown here. The signatures above document it, they do not replace one.',
        ),
      ),
    ],
  };
}

/** Entries of the case, in order. Throws `RangeError`. */
export function caseEntries(log: VerifiedLog, index: number): readonly ReadEntry[] {
  const { entries } = log;
  const start = entryOf(log, index);
  if (!start) throw new RangeError(`report: the log has no entry ${index}`);
  const chain = new Set([rootOf(log, start).row.index]);
  // A cause is always earlier, so one pass in order finds everything that follows.
  for (const { row } of entries) if (row.caused !== null && chain.has(row.caused)) chain.add(row.index);
  const linked = entries.filter(({ row }) => chain.has(row.index));
  const queries = new Set(linked.flatMap(({ row }) => row.query ?? []));
  const datasets = new Set(linked.flatMap(({ row }) => row.datasets));
  const scopes = new Set([...chain].map((run) => `run/${run}`));
  const standing: readonly string[] = ['query.proposed', 'query.approved', 'query.revoked'];
  return entries.filter(({ row, entry }) => {
    if (chain.has(row.index)) return true;
    if ('scope' in entry.detail) return scopes.has(entry.detail.scope);
    if (standing.includes(row.type)) return row.query !== null && queries.has(row.query);
    return row.type.startsWith('dataset.') && row.datasets.some((dataset) => datasets.has(dataset));
  });
}

function rootOf(log: VerifiedLog, read: ReadEntry): ReadEntry {
  const cause = read.row.caused === null ? undefined : entryOf(log, read.row.caused);
  return cause && cause.row.index < read.row.index ? rootOf(log, cause) : read;
}

function table(log: VerifiedLog, entries: readonly ReadEntry[]): Table {
  return {
    caption: text('Einträge des Vorgangs', 'Entries of the case'),
    head: [
      text('Eintrag', 'Entry'),
      text('Zeitpunkt', 'Moment'),
      text('Vorgang', 'Event'),
      text('Worüber', 'About'),
      text('Datensätze', 'Datasets'),
      text('Mitglied', 'Member'),
      text('Stelle', 'Unit'),
      text('Folgt aus', 'Follows from'),
    ],
    rows: entries.map((read) => {
      const { row, entry } = read;
      return entryRow(row.index, [
        cell(momentName(row.at)),
        cell(entryWords[entry.type]),
        cell(aboutWords(read)),
        cell(row.datasets.join(', ') || '–'),
        cell(row.actor ?? '–'),
        cell(row.unit === null ? '–' : unitName(log.room, row.unit)),
        row.caused === null ? cell('–') : { ...cell(String(row.caused)), value: row.caused },
      ]);
    }),
    empty: text('Keine.', 'None.'),
  };
}
