/** CSV for a German Excel; texts are guarded against being taken for formulas. */
import { spreadsheetLine, spreadsheetMark, spreadsheetText } from '@reinraum/client';
import { toHex } from '@reinraum/protocol';
import { activityWords, entryWords } from '../index/entry-words.ts';
import type { FoldedEntry } from '../index/fold.ts';
import type { ExportFormat } from './format.ts';

type Column = readonly [heading: string, cell: (folded: FoldedEntry) => string];

const columns: readonly Column[] = [
  ['Eintrag / entry', ({ row }) => String(row.index)],
  ['Zeit (UTC) / time (UTC)', ({ row }) => row.at],
  ['Vorgang / what', ({ row }) => `${entryWords[row.type].de} / ${entryWords[row.type].en}`],
  ['Art / type', ({ row }) => row.type],
  ['Tätigkeit / activity', ({ entry }) => `${activityWords[entry.activity].de} / ${activityWords[entry.activity].en}`],
  ['Ausgang / outcome', ({ row }) => row.outcome],
  ['Grund / reason', ({ row }) => row.code ?? ''],
  ['Mitglied / member', ({ row }) => row.actor ?? ''],
  ['Stelle / unit', ({ row }) => row.unit ?? ''],
  ['Partei / party', ({ row }) => row.party ?? ''],
  ['Zweck / purpose', ({ row }) => row.purpose ?? ''],
  ['Rechtsgrundlage / legal basis', ({ row }) => row.legalBasis ?? ''],
  ['Daten / data', ({ row }) => row.datasets.join(', ')],
  ['Frage / question', ({ question }) => question?.id ?? ''],
  ['Titel / title', ({ question }) => question?.title.de ?? ''],
  ['Titel (englisch) / title', ({ question }) => question?.title.en ?? ''],
  ['Prüfsumme der Frage / digest of the question', ({ row }) => row.query ?? ''],
  ['Empfänger / recipient', ({ row }) => row.recipient ?? ''],
  ['Kosten / cost', costsOf],
  ['Folgt aus Eintrag / follows from entry', ({ row }) => (row.caused === null ? '' : String(row.caused))],
  ['Blatt (SHA-256) / leaf', ({ leaf }) => toHex(leaf)],
];

/** A heading, then one line an entry. */
export const csv: ExportFormat = {
  head: `${spreadsheetMark}${spreadsheetLine(columns.map(([heading]) => spreadsheetText(heading)))}`,
  record: (folded) => spreadsheetLine(columns.map(([, cell]) => spreadsheetText(cell(folded)))),
};

/** Exact, each led by its symbol: `1/8` alone would be a day in August to Excel. */
function costsOf({ entry }: FoldedEntry): string {
  if (entry.type !== 'query.charged') return '';
  return entry.detail.charges
    .map((charge) => {
      const loss = 'rho' in charge ? `ρ ${charge.rho}` : `ε ${charge.epsilon}`;
      return `${charge.population}: ${loss}, δ ${charge.delta}`;
    })
    .join(', ');
}
