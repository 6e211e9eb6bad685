/** A table as a CSV file that a German Excel opens by double click: UTF-8 with mark, `;`, decimal comma, CRLF. */
import type { ReleaseView } from './release-view.ts';

/** Words of the file. `remarks` stand below the table, one line of name and text each. */
export interface TableFileTexts {
  /** Title and words of a column of directions; without it there is none. */
  readonly direction?: { readonly title: string; readonly words: Readonly<Record<'up' | 'down' | 'same', string>> };
  readonly low: string;
  readonly high: string;
  readonly remarks: readonly (readonly [string, string])[];
}

/** The file's text. Hidden cells are `.`, never 0 and never empty. */
export function tableFile({ axes, columns, rows }: ReleaseView, texts: TableFileTexts): string {
  const head = [
    ...axes.map(({ title }) => text(title)),
    ...columns.flatMap(({ title }) => [title, `${title} – ${texts.low}`, `${title} – ${texts.high}`].map(text)),
    ...(texts.direction ? [text(texts.direction.title)] : []),
  ];
  const lines = rows.map(({ titles, values, word }) => [
    ...titles.map(text),
    ...values.flatMap((shown, at) =>
      shown
        ? [shown.value, shown.low, shown.high].map((value) => number(value, columns[at]?.decimals ?? 0))
        : ['.', '.', '.'],
    ),
    ...(texts.direction ? [word === undefined ? '.' : text(texts.direction.words[word])] : []),
  ]);
  const remarks = texts.remarks.map(([name, value]) => [text(name), text(value)]);
  return `\uFEFF${[head, ...lines, [], ...remarks].map((cells) => `${cells.join(';')}\r\n`).join('')}`;
}

/** A number with decimal comma and no thousands separator. */
function number(value: number, decimals: number): string {
  return value.toFixed(decimals).replace('.', ',');
}

/** A text field. What a spreadsheet would take for a formula is led by an apostrophe (OWASP, "CSV Injection"). */
function text(value: string): string {
  const guarded = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[;"\r\n]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}
