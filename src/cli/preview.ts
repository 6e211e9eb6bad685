/** `reinraum query preview` and `reinraum query table`: what a run would cost, and tables derived from releases. */

import { readFile } from 'node:fs/promises';
import { askTable } from '@reinraum/client';
import {
  AggregateQuery,
  type Derived,
  type DerivedTable,
  hiddenExpected,
  mechanismOf,
  type Preview,
  Release,
} from '@reinraum/protocol';
import type { Command } from 'commander';
import { clientOf, type MemberOptions, withMember } from './address.ts';
import { type LabelNames, plainLabels } from './label-names.ts';
import { print, say } from './output.ts';
import { parametersOf } from './parameters.ts';
import { alignedTable } from './table.ts';

interface PreviewOptions extends MemberOptions {
  readonly param?: string[];
  readonly units?: string;
  readonly like?: string;
  readonly json?: boolean;
}

/** Adds the commands below `query`. */
export function addPreview(query: Command): void {
  withMember(query.command('preview'))
    .description('what a run would cost, how exact it would be and how many runs are left; nothing is charged')
    .argument('<digest>', 'digest of the question')
    .option('--param <name=value...>', 'parameters of the question')
    .option('--units <n>', 'assumed size of a cell in units; without it the declared capacity spread evenly')
    .option('--like <release.json>', 'an earlier release with the same cells: how many would be hidden')
    .option('--json', 'print the preview as JSON')
    .action(preview);
  withMember(query.command('table'))
    .description('evaluate a derived table; what it is made from is run first, free where it was released before')
    .argument('<digest>', 'digest of the table')
    .option('--param <name=value...>', 'parameters of the table')
    .option('--json', 'print the table as JSON')
    .action(table);
}

async function preview(digest: string, options: PreviewOptions): Promise<void> {
  const client = await clientOf(options);
  const known = (await client.catalogue()).queries.find((candidate) => candidate.digest === digest);
  if (!known) throw new Error('query: the room does not know this digest; list the questions with "query list"');
  const template = AggregateQuery.parse(known.query);
  const unitsPerCell = options.units === undefined ? null : unitsOf(options.units);
  const parameters = parametersOf(template.params, options.param ?? []);
  const previewed = await client.preview({ query: digest, parameters, unitsPerCell });
  const hidden = options.like === undefined ? null : await hiddenLike(options.like);
  if (options.json) return print(JSON.stringify({ ...previewed, hiddenExpected: hidden }));
  for (const line of previewLines(previewed)) print(line);
  if (hidden !== null) print(`wohl geheim wie damals / likely hidden, were it like then: ${hidden.toFixed(1)}`);
}

/** An assumed size of a cell as it is typed. */
export function unitsOf(text: string): number {
  if (/^[1-9][0-9]{0,8}$/.test(text)) return Number(text);
  throw new Error('--units: write a whole number from 1 to 999999999, without separators');
}

/** A preview as people read it: price and runs left, then a table with a row a measure. */
export function previewLines({ charges, runsLeft, cells, unitsPerCell, measures, levels = [] }: Preview): string[] {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const head = [
    'Maß / measure',
    '± (95 %)',
    'gezeigt ab / shown from',
    'gezeigt mit / shown with',
    'wohl geheim / likely hidden',
    'fast sicher ab / almost surely from',
  ];
  const rows = [...measures, ...levels].map(({ as, fn, unit, cut, halfWidth, shown, hiddenExpected, unitsForMost }) => {
    const isShare = fn === 'rate' || fn === 'shares';
    const half = halfWidth === null ? '–' : isShare ? percent(halfWidth) : halfWidth.toFixed(1);
    const title = unit === null || isShare ? as : `${as} (${unit})`;
    return [title, half, String(cut), percent(shown), String(hiddenExpected), String(unitsForMost)];
  });
  return [
    ...charges.map(({ population, delta, ...loss }) => {
      return `Preis / price: ${'rho' in loss ? `ρ ${loss.rho}` : `ε ${loss.epsilon}`}, δ ${delta} (${population})`;
    }),
    `Läufe übrig / runs left: ${runsLeft}`,
    `Zellen / cells: ${cells}, angenommen mit je / assumed with ${unitsPerCell} each`,
    alignedTable(head, rows, 1),
  ];
}

/** Expected number of hidden cells, were the cells as large as in an earlier release of a count. */
async function hiddenLike(path: string): Promise<number> {
  const release = Release.parse(JSON.parse(await readFile(path, 'utf8')));
  const [measure] = release.measures;
  if (measure?.fn !== 'count') throw new Error('--like: needs a release whose first measure is a count of units');
  const sizes = release.cells.map(({ values: [value] }) => (value && !Array.isArray(value) ? value.value : 0));
  return hiddenExpected({ cut: measure.cut, k: release.k }, mechanismOf(measure.noise), sizes);
}

async function table(digest: string, options: PreviewOptions): Promise<void> {
  const client = await clientOf(options);
  const known = (await client.catalogue()).tables.find((candidate) => candidate.digest === digest);
  const params = (known?.table as DerivedTable | undefined)?.params ?? {};
  const answered = await askTable(client, digest, parametersOf(params, options.param ?? []));
  for (const [name, { isRepeat, release }] of answered.answers) {
    say(`${name}: ${isRepeat ? 'stored release, at no charge' : `charged at log entry ${release.charged}`}`);
  }
  if (options.json) print(JSON.stringify({ table: answered.table.id, ...answered.derived }));
  else print(derivedTable(answered.table, answered.derived));
}

/** A derived table as text; a change that its range does not tell from none says so. */
export function derivedTable(
  { measure }: DerivedTable,
  { axes, cells, decimals }: Derived,
  names: LabelNames = plainLabels,
): string {
  const unit = measure.fn === 'ratio' && measure.per !== 1 ? ` (je / per ${measure.per})` : '';
  const word = measure.fn === 'change' ? ['Richtung / direction'] : [];
  const head = [...axes.map(({ as }) => as), `${measure.as}${unit}`, '95 %-Bereich', ...word];
  const text = (value: number) => (value / 10 ** decimals).toFixed(decimals);
  const rows = cells.map(({ key, estimate }) => {
    const labels = key.map((label, at) => names(axes[at]?.as ?? '', label));
    if (!estimate) return [...labels, '.', '.', ...word.map(() => '.')];
    const { value, low, high } = estimate;
    const direction =
      low > 0 ? 'gestiegen / up' : high < 0 ? 'gefallen / down' : 'nicht unterscheidbar / no difference shown';
    return [...labels, text(value), `${text(low)} – ${text(high)}`, ...word.map(() => direction)];
  });
  return alignedTable(head, rows, axes.length);
}
