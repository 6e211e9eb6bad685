/** `reinraum audit search`: what stands in a verified log, found by who, when, what for and what became of it. */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { canonicalText, type Json, parseCanonical, Question } from '@reinraum/protocol';
import { type Command, InvalidArgumentError } from 'commander';
import { EntryIndex, type Found, type FoundRow } from '../index/entry-index.ts';
import { entryWords } from '../index/entry-words.ts';
import { type Filter, momentsOf } from '../index/filter.ts';
import { rowFrom } from '../index/row.ts';
import { type Indexed, type IndexStep, indexState } from './indexed-state.ts';
import { print, printable, say } from './output.ts';
import { openState, readerOf, type StateSource } from './state-source.ts';
import { alignedTable } from './table.ts';

/** Most lines one search shows. */
const linesMax = 10_000;

interface SearchWords extends Omit<Filter, 'from' | 'to'> {
  readonly from?: string;
  readonly to?: string;
  readonly room?: string;
  readonly index?: string;
  readonly limit: number;
  readonly json?: boolean;
}

/** Adds the command. */
export function addAuditSearch(audit: Command): void {
  audit
    .command('search')
    .description('search a room’s log, verified before; latest entries first')
    .argument('<state>', 'state directory of a room, a copy of it, or an evidence bundle')
    .option('--room <digest>', 'the room it must be: the digest of the charter you signed')
    .option('--from <time>', 'no entry before this day or moment, in UTC')
    .option('--to <time>', 'no entry after this day or moment, in UTC')
    .option('--actor <ref>', 'reference of the member who signed, as m-0123456789abcdef')
    .option('--unit <unit>', 'unit or party that signed or received')
    .option('--purpose <purpose>', 'purpose of the charge')
    .option('--dataset <dataset>', 'dataset, or one version of it as dataset@2')
    .option('--query <question>', 'id of a question, or the first digits of its digest')
    .option('--outcome <outcome>', 'as released, repeated, refused, failed; or the code of a refusal')
    .option('--type <type>', 'type of an entry, as query.released')
    .option('--limit <number>', `most lines to show, up to ${linesMax}`, limitOf, 50)
    .option('--index <file>', 'keep the index in this file of yours, so that the next search is quick')
    .option('--json', 'print what was found as JSON')
    .action(async (state: string, { room, index: file, limit, json, ...asked }: SearchWords) => {
      const source = await openState(state);
      const index = await EntryIndex.open(file);
      try {
        const indexed = await indexState(source, index, room);
        if (!indexed.verified) return refuse(indexed);
        if (indexed.step === 'replaced') say(replacedWarning);
        const found = await index.search(filterOf(asked), limit);
        if (indexed.step === 'kept') await prove(source, indexed.head.room, found);
        if (json) print(canonicalText({ ...indexed.head, total: found.total, rows: found.rows.map(jsonOf) }));
        else for (const line of [foundTable(found), ...remarks(found, indexed.head.size, indexed.step)]) print(line);
      } finally {
        index.close();
      }
    });
}

const replacedWarning =
  'Achtung: Der Suchindex gehörte zu einem anderen Stand, der in diesem Protokoll nicht vorkommt (gekürzt oder abgezweigt?).\n' +
  'Warning: the index was of a head this log does not contain (cut short or forked?). It was made anew.';

function refuse({ entry, rule, message }: Extract<Indexed, { verified: false }>): void {
  const where = entry === null ? '' : `Eintrag / entry ${entry}: `;
  say(
    `Das Protokoll ist NICHT in Ordnung; es wird nichts gezeigt / NOT verified, nothing is shown: ${where}${rule}: ${message}`,
  );
  process.exitCode = 1;
}

function limitOf(text: string): number {
  const limit = /^[1-9][0-9]{0,4}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > linesMax) throw new InvalidArgumentError(`a number from 1 to ${linesMax}`);
  return limit;
}

function filterOf({ from, to, ...others }: Omit<SearchWords, 'limit'>): Filter {
  return {
    ...others,
    ...(from === undefined ? {} : { from: momentsOf(from).first }),
    ...(to === undefined ? {} : { to: momentsOf(to).last }),
  };
}

/**
 * Holds the rows of an index that was made earlier against the log: each is derived again from entries that are proved to be
 * in it. Throws where one differs. A row that was taken out of the file is not noticed so; only a new index would have it.
 */
export async function prove(source: StateSource, room: string, { rows }: Found): Promise<void> {
  const { entryAt, before } = await readerOf(source, room);
  const facts = await before();
  for (const { row, question } of rows) {
    const isQuestion = question === null || (await isNamed(source, question));
    if (!isQuestion || !isDeepStrictEqual(row, await rowFrom(row.index, entryAt, facts))) {
      throw new Error(
        `Der Suchindex sagt zu Eintrag ${row.index} etwas anderes als das Protokoll: Datei löschen, neu suchen / ` +
          `of entry ${row.index} the index says something else than the log: delete the file and search again`,
      );
    }
  }
}

async function isNamed({ readObject }: StateSource, name: NonNullable<FoundRow['question']>): Promise<boolean> {
  const bytes = await readObject(name.digest);
  if (!bytes || createHash('sha256').update(bytes).digest('hex') !== name.digest) return false;
  const { kind, id, title } = Question.parse(parseCanonical(bytes));
  return isDeepStrictEqual(name, { digest: name.digest, kind, id, title });
}

function jsonOf({ row, question }: FoundRow): Json {
  return { ...row, charges: row.charges.map((charge) => ({ ...charge })), question: question && { ...question } };
}

/** Lines people read, one an entry. */
export function foundTable({ rows }: Pick<Found, 'rows'>): string {
  const head = [
    'Eintrag / entry',
    'Zeit / time (UTC)',
    'Vorgang / what',
    'Stelle / unit',
    'Mitglied / member',
    'Frage / question',
    'Daten / data',
    'Zweck / purpose',
    'Empfänger / recipient',
    'Kosten / cost',
  ];
  return alignedTable(
    head,
    rows.map((found) => cellsOf(found).map(printable)),
    head.length,
  );
}

function cellsOf({ row, question }: FoundRow): string[] {
  const words = entryWords[row.type];
  const code = row.code === null ? '' : ` (${row.code})`;
  const digest = row.query === null ? '–' : `${row.query.slice(0, 12)}…`;
  const costs = row.charges.map(({ population, loss, delta }) => `${population} ${loss}, δ ${delta}`);
  return [
    String(row.index),
    row.at,
    `${words.de} / ${words.en}${code}`,
    row.unit ?? '–',
    row.actor ?? '–',
    question === null ? digest : `${question.title.de} (${question.id})`,
    row.datasets.join(', ') || '–',
    row.purpose ?? '–',
    row.recipient ?? '–',
    costs.join('; ') || '–',
  ];
}

function remarks({ rows, total }: Found, size: number, step: IndexStep): string[] {
  const verified =
    step === 'kept'
      ? 'früher geprüft, jede gezeigte Zeile erneut bewiesen / verified earlier, each line shown proved again'
      : 'eben geprüft / verified just now';
  return [
    `${rows.length} von / of ${total}; Protokoll mit / log of ${size} Einträgen / entries: ${verified}`,
    'Beleg einer Zeile / proof of a line: reinraum audit receipt <state> <Eintrag / entry>',
  ];
}
