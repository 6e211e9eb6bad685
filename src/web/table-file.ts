/** A table as a CSV file that a German Excel opens by double click: UTF-8 with mark, `;`, decimal comma, CRLF. */
import { spreadsheet, spreadsheetText as text } from '@reinraum/client';
import type { ReleaseView } from './release-view.ts';

/** Words of the file. `remarks` stand below the table, one line of name and text each. */
export interface TableFileTexts {
  /** Title and words of a column of directions; without it there is none. */
  readonly direction?: { readonly title: string; readonly words: Readonly<Record<'up' | 'down' | 'same', string>> };
  /** Title of the column of whole numbers that add up, where there is one. */
  readonly whole: string;
  readonly low: string;
  readonly high: string;
  /** The same with natural variation, for columns that have it. */
  readonly naturalLow: string;
  readonly naturalHigh: string;
  readonly remarks: readonly (readonly [string, string])[];
}

/** The file's text: the table, those of the levels above it, and remarks. Hidden cells are `.`, never 0 and never empty. */
export function tableFile(view: ReleaseView, texts: TableFileTexts): string {
  const tables = [view, ...(view.levels ?? [])].flatMap((level) => [...linesOf(level, texts), []]);
  const remarks = texts.remarks.map(([name, value]) => [text(name), text(value)]);
  return spreadsheet([...tables, ...remarks]);
}

function linesOf({ axes, columns, rows }: ReleaseView, texts: TableFileTexts): string[][] {
  const addsUp = rows.some(({ whole }) => whole !== undefined);
  const isNatural = columns.map(({ hasNatural }) => hasNatural === true);
  const ends = (at: number) => [texts.low, texts.high, ...(isNatural[at] ? [texts.naturalLow, texts.naturalHigh] : [])];
  const head = [
    ...axes.map(({ title }) => text(title)),
    ...columns.flatMap(({ title }, at) => [title, ...ends(at).map((end) => `${title} – ${end}`)].map(text)),
    ...(addsUp ? [text(texts.whole)] : []),
    ...(texts.direction ? [text(texts.direction.title)] : []),
  ];
  const lines = rows.map(({ titles, values, word, whole }) => [
    ...titles.map(text),
    ...values.flatMap((shown, at) => {
      const range = isNatural[at] ? shown?.natural?.() : null;
      const natural = isNatural[at] ? [range?.low, range?.high] : [];
      return [shown?.value, shown?.low, shown?.high, ...natural].map((value) =>
        value === undefined ? '.' : number(value, columns[at]?.decimals ?? 0),
      );
    }),
    ...(addsUp ? [typeof whole?.value === 'number' ? number(whole.value, 0) : '.'] : []),
    ...(texts.direction ? [word === undefined ? '.' : text(texts.direction.words[word])] : []),
  ]);
  return [head, ...lines];
}

/** A number with decimal comma and no thousands separator. */
function number(value: number, decimals: number): string {
  return value.toFixed(decimals).replace('.', ',');
}
