/** The plan of an example room as people read it: what each question cost whom, how much of it is shown, what is left. */
import {
  type CharterTemplate,
  estimatesOf,
  formatRational,
  lossOf,
  parseRational,
  type Release,
  subtract,
} from '@reinraum/protocol';
import type { ExampleAnswer, ExampleRun } from '../example/run.ts';
import { alignedTable } from './table.ts';

/** Values of a release that are shown, and those that are hidden, at all levels. */
export function shownIn({ cells, hierarchy, measures }: Release): { readonly shown: number; readonly hidden: number } {
  const every = [...cells, ...(hierarchy?.levels ?? []).flatMap((level) => level.cells)];
  const estimates = every.flatMap((cell) => measures.flatMap((_, at) => estimatesOf(cell, at)));
  const shown = estimates.filter((estimate) => estimate !== null).length;
  return { shown, hidden: estimates.length - shown };
}

/** What a balance still allows, in the unit of the room's accountant: a fraction. */
export function leftOf({ loss }: ExampleRun['balances'][number]): string {
  return formatRational(subtract(parseRational(loss.cap), parseRational(loss.spent)));
}

/** Lines of a text table and one line a population, in German and English. A repeat cost nothing and says so. */
export function planTable(
  { answers, balances }: Pick<ExampleRun, 'answers' | 'balances'>,
  charter: CharterTemplate,
): string {
  const { populations, accountant } = charter;
  const unit = accountant.kind === 'zcdp' ? 'ρ' : 'ε';
  const head = ['Frage / question', ...populations.map(({ title }) => `${unit} ${title.de}`), 'k', 'gezeigt', 'geheim'];
  const rows = answers.map((answer) => {
    const { shown, hidden } = shownIn(answer.answered.release);
    const costs = populations.map(({ id }) => costOf(answer, id));
    return [nameOf(answer), ...costs, String(answer.query.privacy.k), String(shown), String(hidden)];
  });
  const left = balances.map((balance) => {
    const title = populations.find(({ id }) => id === balance.population)?.title;
    const { cap, spent } = balance.loss;
    const epsilon =
      unit === 'ρ' ? ` (ε ${balance.epsilon.spent.toFixed(2)} von / of ${balance.epsilon.cap.toFixed(2)})` : '';
    const who = `${title?.de ?? balance.population} / ${title?.en ?? balance.population}`;
    return `${who}: ${unit} ${spent} von / of ${cap} verbraucht / spent${epsilon}, übrig / left: ${unit} ${leftOf(balance)}`;
  });
  return [alignedTable(head, rows, 1), ...left].join('\n');
}

function nameOf({ query, parameters }: ExampleAnswer): string {
  const chosen = Object.values(parameters);
  return `${query.title.de}${chosen.length === 0 ? '' : ` (${chosen.join(', ')})`}`;
}

function costOf({ charges, answered }: ExampleAnswer, population: string): string {
  const charge = charges.find((candidate) => candidate.population === population);
  if (!charge) return '–';
  return answered.isRepeat ? '0' : formatRational(lossOf(charge));
}
