/** What codes, bands, groups, measures and units are called: out of schema and template, in the reader's language. */
import type { AggregateQuery, Column, DatasetSchema, MeasureFunction } from '@reinraum/protocol';
import type { Language } from './texts/speech.ts';

/** How a column is split into classes: an axis, or the classes of a measure. */
interface Split {
  readonly column: string;
  readonly edges?: readonly number[] | undefined;
  readonly groups?: readonly { readonly code: string; readonly de: string; readonly en: string }[] | undefined;
}

/** The column a question names, of its `namedSchema`. */
export function columnOf(reference: string | undefined, schema: DatasetSchema | undefined): Column | undefined {
  return schema?.columns.find(({ name }) => name === reference);
}

/** The title of a split: its column's, with the unit where its labels are bands. Without a schema the column's name. */
export function splitTitle({ column: reference, edges }: Split, schema: DatasetSchema | undefined, language: Language) {
  const column = columnOf(reference, schema);
  const title = column?.title[language] ?? reference.split('.')[1] ?? reference;
  return edges && column?.type === 'integer' ? `${title} (${unitTitle(column.unit, language)})` : title;
}

/** The title of one label of a split; the label itself where nothing gives it one. */
export function splitLabelTitle(
  label: string,
  { column, edges, groups }: Split,
  schema: DatasetSchema | undefined,
  language: Language,
): string {
  if (edges) return bandTitle(label, language);
  const known = columnOf(column, schema);
  const named = groups ?? (known?.type === 'code' ? known.codes : []);
  return named.find(({ code }) => code === label)?.[language] ?? label;
}

/** "0-17" → "0 – 17", "65+" → "65 und mehr". */
function bandTitle(label: string, language: Language): string {
  if (label.endsWith('+')) return `${label.slice(0, -1)} ${language === 'de' ? 'und mehr' : 'and over'}`;
  return label.replace(/(?<=\d)-(?=-?\d)/, ' – ');
}

const units: Readonly<Record<string, Readonly<Record<Language, string>>>> = {
  year: { de: 'Jahre', en: 'years' },
  cent: { de: 'Cent', en: 'cents' },
  euro: { de: 'Euro', en: 'euros' },
  day: { de: 'Tage', en: 'days' },
  dollar: { de: 'Dollar', en: 'dollars' },
  person: { de: 'Personen', en: 'persons' },
};

function unitTitle(unit: string, language: Language): string {
  return units[unit]?.[language] ?? unit;
}

/** The unit a measure is shown in, and by how many places its point moves: shares in per cent, cents in euros. */
export function measureUnit(
  fn: MeasureFunction,
  unit: string | null,
  language: Language,
): { readonly unit: string; readonly shift: number } {
  if (fn === 'rate' || fn === 'shares') return { unit: '%', shift: 2 };
  if (unit?.endsWith('²')) {
    const root = measureUnit(fn, unit.slice(0, -1), language);
    return { unit: `${root.unit}²`, shift: 2 * root.shift };
  }
  if (unit === 'cent') return { unit: unitTitle('euro', language), shift: -2 };
  return { unit: unit === null ? '' : unitTitle(unit, language), shift: 0 };
}

const words = {
  de: {
    count: 'Anzahl',
    countRows: 'Anzahl Fälle',
    overlap: 'Überschneidung',
    countDistinct: 'Anzahl verschiedener Werte',
    sum: 'Summe',
    mean: 'Mittelwert',
    variance: 'Varianz',
    stddev: 'Standardabweichung',
    share: 'Anteil',
    quantile: 'Quantil',
    quantiles: 'Quantile',
  },
  en: {
    count: 'Count',
    countRows: 'Number of cases',
    overlap: 'Overlap',
    countDistinct: 'Number of different values',
    sum: 'Sum',
    mean: 'Mean',
    variance: 'Variance',
    stddev: 'Standard deviation',
    share: 'Share',
    quantile: 'quantile',
    quantiles: 'Quantiles',
  },
} as const;

/** What a measure is called. */
export function measureTitle(
  measure: AggregateQuery['measures'][number],
  schema: DatasetSchema | undefined,
  language: Language,
): string {
  const word = words[language];
  const column = 'column' in measure ? (columnOf(measure.column, schema)?.title[language] ?? measure.column) : '';
  switch (measure.fn) {
    case 'count':
    case 'countRows':
    case 'overlap':
      return word[measure.fn];
    case 'sum':
    case 'mean':
    case 'variance':
    case 'stddev':
    case 'quantiles':
      return `${word[measure.fn]} ${column}`;
    case 'countDistinct':
      return `${word.countDistinct}: ${column}`;
    case 'rate':
      return `${word.share} ${measure.as}`;
    case 'shares':
      return `${word.share} ${column}`;
    case 'quantile':
      return measure.q === '1/2' ? `Median ${column}` : `${measure.q}-${word.quantile} ${column}`;
    case 'histogram':
      break;
  }
  return column;
}
