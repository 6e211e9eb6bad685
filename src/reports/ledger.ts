/** Privacy ledger: what may be given away about each population, what was, and what is left. */
import { epsilonOf, formatRational, lossOf, parseRational, type Rational, subtract } from '@reinraum/protocol';
import { type AccountSum, accountSums, finalSums } from './balances.ts';
import { type Cell, cell, entryRow, exact, type Row, said, same, type Table, text } from './document.ts';
import type { ReportBody } from './heading.ts';
import { limits } from './limits.ts';
import { momentName, populationName, purposeName, questionName } from './names.ts';
import { inPeriod, ofType, type ReadEntry, type ReportWish, untilEnd, type VerifiedLog } from './subject.ts';

/** Charges of the period, and balances at its end. A repeat costs nothing and does not appear. */
export function ledger(log: VerifiedLog, wish: ReportWish): ReportBody {
  // The check of the sums, also where the period ends before the log does.
  finalSums(log);
  const charged = ofType(inPeriod(log, wish), 'query.charged');
  const unit = log.room.charter.accountant.kind === 'zcdp' ? 'ρ' : 'ε';
  return {
    id: 'ledger',
    title: text('Verzeichnis des Schutzbudgets', 'Privacy ledger'),
    sections: [
      {
        title: text('Kontostände', 'Balances'),
        sentences: [
          said(
            `Jede Antwort verrät ein wenig über alle, deren Daten darin sind. Wie viel, wird in ${unit} und δ gemessen und vorab abgebucht. Die Obergrenzen der Charta kann niemand überschreiten: Was nicht hineinpasst, wird abgelehnt.`,
            `Every answer gives away a little about all whose data are in it. How much is measured in ${unit} and δ and charged beforehand. Nobody can exceed the charter’s caps: what does not fit is refused.`,
            [0],
          ),
        ],
        tables: [balances(log, wish, unit)],
      },
      {
        title: text('Abbuchungen im Zeitraum', 'Charges in the period'),
        sentences: [],
        tables: [charges(log, charged, unit)],
      },
      limits(
        said(
          'Was außerhalb dieses Raums über dieselben Menschen veröffentlicht wurde. Das Budget gilt für diesen Raum.',
          'What was published about the same people outside this room. The budget is this room’s.',
        ),
      ),
    ],
  };
}

function balances(log: VerifiedLog, wish: ReportWish, unit: string): Table {
  const within = accountSums(log, inPeriod(log, wish));
  return {
    caption: text('Konten am Ende des Zeitraums', 'Accounts at the end of the period'),
    head: [
      text('Konto', 'Account'),
      text(`Obergrenze ${unit}`, `cap ${unit}`),
      text(`im Zeitraum ${unit}`, `in the period ${unit}`),
      text(`insgesamt ${unit}`, `in all ${unit}`),
      text(`übrig ${unit}`, `left ${unit}`),
      text('insgesamt als ε', 'in all as ε'),
      text('Obergrenze δ', 'cap δ'),
      text('insgesamt δ', 'in all δ'),
    ],
    rows: accountSums(log, untilEnd(log, wish)).map((sum): Row => {
      const { account, loss, delta, entries } = sum;
      const own = within.find((one) => one.account.name === account.name);
      const left = subtract(lossOf(account.cap), loss);
      return {
        entries: [0, ...entries],
        cells: [
          cell(accountName(log, account.name)),
          exact(formatRational(lossOf(account.cap)), [0]),
          fraction(own?.loss, own?.entries),
          fraction(loss, entries),
          fraction(left, [0, ...entries]),
          epsilonCell(log, sum),
          exact(account.cap.delta, [0]),
          fraction(delta, entries),
        ],
      };
    }),
    empty: text('Keine.', 'None.'),
  };
}

/** `person party/city` → the population's title, then whose part it is. */
function accountName({ room }: VerifiedLog, name: string) {
  const [population = '', ...whose] = name.split(' ');
  const { de, en } = populationName(room, population);
  const part = whose.join(' ');
  return part === '' ? text(de, en) : text(`${de}, Anteil von ${part}`, `${en}, allotment of ${part}`);
}

function fraction(value: Rational | undefined, entries: readonly number[] = []): Cell {
  return exact(value ? formatRational(value) : '0', entries);
}

/** ε at the charter's δ, rounded up to two decimals; in a room of the pure accountant the sum itself is ε. */
function epsilonCell({ room }: VerifiedLog, { loss, entries }: AccountSum): Cell {
  const { accountant } = room.charter;
  if (accountant.kind === 'pure') return exact(formatRational(loss), entries);
  const epsilon = Math.ceil(epsilonOf(loss, parseRational(accountant.deltaConversion)) * 100) / 100;
  const [de, en] = ['de-DE', 'en-GB'].map((locale) => epsilon.toLocaleString(locale, { minimumFractionDigits: 2 }));
  return { value: epsilon.toFixed(2), text: text(de ?? '', en ?? ''), entries };
}

function charges(log: VerifiedLog, charged: readonly ReadEntry[], unit: string): Table {
  return {
    caption: text('Jede Abbuchung', 'Every charge'),
    head: [
      text('Eintrag', 'Entry'),
      text('Zeitpunkt', 'Moment'),
      text('Frage', 'Question'),
      text('Zweck', 'Purpose'),
      text('Kosten je Bevölkerungsgruppe', 'Cost by population'),
      text('k', 'k'),
      text('Ergebnis', 'Outcome'),
    ],
    rows: charged.map(({ row, entry, question }) =>
      entryRow(row.index, [
        cell(momentName(row.at)),
        cell(questionName(question, row.query)),
        cell(purposeName(log.room, row.purpose ?? '')),
        cell(row.charges.map(({ population, loss, delta }) => `${population}: ${unit} ${loss}, δ ${delta}`).join('; ')),
        entry.type === 'query.charged' ? { ...cell(same(String(entry.detail.k))), value: entry.detail.k } : cell('–'),
        outcomeCell(log, row.index),
      ]),
    ),
    empty: text('Im Zeitraum wurde nichts abgebucht.', 'Nothing was charged in the period.'),
  };
}

/** What became of a charge, whenever it did. */
function outcomeCell({ entries, room }: VerifiedLog, index: number): Cell {
  const end = ofType(entries, 'query.released', 'query.failed').find(({ row }) => row.caused === index)?.row;
  if (!end) return cell(text('offen', 'open'));
  if (end.type === 'query.failed') return cell(text('gescheitert', 'failed'), [end.index]);
  if (!room.retractions.has(index)) return cell(text('erteilt', 'released'), [end.index]);
  return cell(text('erteilt, später zurückgezogen', 'released, retracted later'), [end.index]);
}
