/** An entry as a sentence people read. */
import type { Bilingual } from '@reinraum/protocol';
import { entryWords } from '../index/entry-words.ts';
import type { FoldedEntry } from '../index/fold.ts';

/** One sentence in German, one in English. Texts of others stand in it as they are. */
export function sentenceOf({ row, question }: Pick<FoldedEntry, 'row' | 'question'>): Bilingual {
  const words = entryWords[row.type];
  const day = row.at.slice(0, 10);
  const time = row.at.slice(11, 19);
  return {
    de: `Eintrag ${row.index} vom ${day}, ${time} Uhr (UTC): ${words.de}${partsOf({ row, question }, german)}.`,
    en: `Entry ${row.index} of ${day}, ${time} (UTC): ${words.en}${partsOf({ row, question }, english)}.`,
  };
}

interface Words {
  readonly language: keyof Bilingual;
  readonly by: string;
  readonly question: string;
  readonly data: string;
  readonly purpose: string;
  readonly to: string;
  readonly cost: string;
  readonly because: string;
  readonly quotes: readonly [string, string];
}

const german: Words = {
  language: 'de',
  by: 'durch',
  question: 'Frage',
  data: 'Daten',
  purpose: 'Zweck',
  to: 'für',
  cost: 'Kosten',
  because: 'Grund',
  quotes: ['„', '“'],
};
const english: Words = {
  language: 'en',
  by: 'by',
  question: 'question',
  data: 'data',
  purpose: 'purpose',
  to: 'for',
  cost: 'cost',
  because: 'reason',
  quotes: ['“', '”'],
};

function partsOf({ row, question }: Pick<FoldedEntry, 'row' | 'question'>, words: Words): string {
  const costs = row.charges.map(({ population, loss, delta }) => `${population} ${loss} (δ ${delta})`);
  const parts = [
    row.actor && `${words.by} ${row.unit ?? ''} (${row.actor})`,
    question && `${words.question} ${words.quotes.join(question.title[words.language])} (${question.id})`,
    row.recipient && `${words.to} ${row.recipient}`,
    row.purpose && `${words.purpose} ${row.purpose}`,
    row.datasets.length > 0 && `${words.data} ${row.datasets.join(', ')}`,
    costs.length > 0 && `${words.cost} ${costs.join(', ')}`,
    row.code && `${words.because} ${row.code}`,
  ].filter((part) => typeof part === 'string' && part !== '');
  return parts.length === 0 ? '' : ` ${parts.join(', ')}`;
}
