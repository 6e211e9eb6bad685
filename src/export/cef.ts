/** CEF, version 0 (ArcSight Common Event Format, revision 25): one line an entry, UTF-8. */
import { toHex } from '@reinraum/protocol';
import { entryWords } from '../index/entry-words.ts';
import type { FoldedEntry } from '../index/fold.ts';
import type { IndexRow, Outcome } from '../index/row.ts';
import type { ExportFormat } from './format.ts';

/** One line an entry. Custom fields have labels; what an entry does not say is left out. */
export const cef: ExportFormat = {
  head: '',
  record(folded) {
    const { row, entry } = folded;
    const { de, en } = entryWords[row.type];
    const header = ['CEF:0', 'Reinraum', 'Reinraum', `log ${entry.v}`, row.type, `${de} / ${en}`, severityOf(row)];
    const fields = extensionOf(folded).filter((field): field is [string, string] => field[1] !== null);
    const extension = fields.map(([key, value]) => `${key}=${extensionText(value)}`).join(' ');
    return `${header.map((text, at) => (at === 0 ? text : headerText(text))).join('|')}|${extension}\n`;
  },
};

/** A field of the header: `\` and `|` are escaped; it has one line. */
export function headerText(text: string): string {
  return text.replaceAll(/[\\|]/g, String.raw`\$&`).replaceAll(/\p{Cc}/gu, ' ');
}

/** A value of the extension: `\` and `=` are escaped, ends of lines are written `\n` and `\r`. */
export function extensionText(text: string): string {
  return text
    .replaceAll(/[\\=]/g, String.raw`\$&`)
    .replaceAll('\n', String.raw`\n`)
    .replaceAll('\r', String.raw`\r`)
    .replaceAll(/\p{Cc}/gu, '\uFFFD');
}

const severities: Partial<Record<Outcome, string>> = {
  refused: '4',
  rejected: '4',
  retracted: '6',
  failed: '6',
  recovered: '6',
};

/** 0 to 10; 1 is what happens every day. */
function severityOf({ outcome }: IndexRow): string {
  return severities[outcome] ?? '1';
}

function extensionOf({ row, entry, question, leaf }: FoldedEntry): (readonly [string, string | null])[] {
  const costs = row.charges.map(({ population, loss, delta }) => `${population} ${loss} δ ${delta}`);
  const labelled = (key: string, label: string, value: string | null): (readonly [string, string | null])[] =>
    value === null || value === ''
      ? []
      : [
          [`${key}Label`, label],
          [key, value],
        ];
  return [
    ['rt', String(Date.parse(row.at))],
    ['externalId', String(row.index)],
    ['act', row.activity],
    ['outcome', row.outcome],
    ['reason', row.code],
    ['suid', row.actor],
    ['deviceExternalId', entry.room],
    ...labelled('cs1', 'leaf', toHex(leaf)),
    ...labelled('cs2', 'unit', row.unit),
    ...labelled('cs3', 'question', row.query),
    ...labelled('cs4', 'purpose', row.purpose),
    ...labelled('cs5', 'legalBasis', row.legalBasis),
    ...labelled('cs6', 'datasets', row.datasets.join(', ')),
    ...labelled('flexString1', 'recipient', row.recipient),
    ...labelled('flexString2', 'cost', costs.join('; ')),
    ['msg', question && `${question.title.de} / ${question.title.en}`],
  ];
}
