/** A release as a table people read: value and range, `.` for every hidden cell. */
import {
  type AggregateQuery,
  type ConsistentCell,
  consistentTables,
  type Estimate,
  estimatesOf,
  type Release,
  type ReleasedMeasure,
  samplingRangeOf,
} from '@reinraum/protocol';
import { type LabelNames, plainLabels } from './label-names.ts';

/**
 * Lines of text tables: one for all measures with one value a cell, one for each measure by classes, a row a class, one for
 * each level of a hierarchy with whole numbers that add up. Suppressed is never shown as 0 (domain.md "Symbols of official tables").
 */
export function tableOf(release: Release, names: LabelNames = plainLabels, natural: Natural = null): string {
  if (release.hierarchy) return [...levelTables(release, names, natural), noteOf(release), outsideNote].join('\n');
  const alone = release.measures.filter(({ labels }) => !labels);
  const tables = [
    ...(alone.length > 0 ? [tableByCell(release, alone, names, natural)] : []),
    ...release.measures.filter(({ labels }) => labels).map((measure) => tableByClass(release, measure, names, natural)),
  ];
  return [...tables, noteOf(release)].join('\n');
}

/** The question whose ranges are to hold natural variation as well; null for the ranges of the noise alone. */
export type Natural = Pick<AggregateQuery, 'measures'> | null;

function noteOf({ k }: Release): string {
  return `. = geheim (weniger als ${k} oder nicht sicher zeigbar) / hidden (fewer than ${k}, or not safe to show)`;
}

const outsideNote = '* = außerhalb des eigenen Bereichs / outside its own range';

/** The finest cells and the levels above them, each with the whole numbers that add up to the next. */
function levelTables(release: Release, names: LabelNames, natural: Natural): string[] {
  const { axes, measures, hierarchy } = release;
  const [measure] = measures;
  if (!measure || !hierarchy) return [];
  const finest = { as: hierarchy.axis, cells: release.cells, noise: measure.noise, cut: measure.cut };
  const levels = [finest, ...hierarchy.levels];
  return (consistentTables(release) ?? []).map((whole, at) => {
    const { as, cells, noise, cut } = levels[at] ?? finest;
    const show = shown({ ...measure, noise, cut }, release, natural);
    const own = axes.map((axis) => (axis.as === hierarchy.axis ? { ...axis, as } : axis));
    const head = [...own.map((axis) => axis.as), measure.as, rangeTitle(natural), 'stimmig / adds up'];
    const rows = cells.map((cell, position) => [
      ...namesOf(cell.key, own, names),
      ...show(estimatesOf(cell, 0)[0] ?? null),
      wholeText(whole[position]),
    ]);
    return alignedTable(head, rows, own.length);
  });
}

function wholeText(cell: ConsistentCell | undefined): string {
  if (!cell || cell.value === null) return '.';
  return cell.isOutside ? `${cell.value} *` : `${cell.value}`;
}

function tableByCell(release: Release, alone: readonly ReleasedMeasure[], names: LabelNames, natural: Natural): string {
  const { axes, cells, measures } = release;
  const head = [
    ...axes.map(({ as }) => as),
    ...alone.flatMap((measure) => [`${measure.as}${unitOf(measure)}`, rangeTitle(natural)]),
  ];
  const show = alone.map((measure) => ({ at: measures.indexOf(measure), text: shown(measure, release, natural) }));
  const rows = cells.map((cell) => [
    ...namesOf(cell.key, axes, names),
    ...show.flatMap(({ at, text }) => text(estimatesOf(cell, at)[0] ?? null)),
  ]);
  return alignedTable(head, rows, axes.length);
}

function tableByClass(release: Release, measure: ReleasedMeasure, names: LabelNames, natural: Natural): string {
  const { axes, cells, measures } = release;
  const show = shown(measure, release, natural);
  const head = [...axes.map(({ as }) => as), 'Klasse / class', `${measure.as}${unitOf(measure)}`, rangeTitle(natural)];
  const rows = cells.flatMap((cell) =>
    estimatesOf(cell, measures.indexOf(measure)).map((estimate, at) => [
      ...namesOf(cell.key, axes, names),
      names(measure.as, measure.labels?.[at] ?? ''),
      ...show(estimate),
    ]),
  );
  return alignedTable(head, rows, axes.length + 1);
}

function namesOf(key: readonly string[], axes: Release['axes'], names: LabelNames): string[] {
  return key.map((label, at) => names(axes[at]?.as ?? '', label));
}

/** Lines of a table with its columns aligned: the first `keys` to the left, numbers to the right. */
export function alignedTable(head: readonly string[], rows: readonly (readonly string[])[], keys: number): string {
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => (row[at] ?? '').length)));
  const line = (row: readonly string[]) =>
    row.map((text, at) => (at < keys ? text.padEnd(widths[at] ?? 0) : text.padStart(widths[at] ?? 0))).join('  ');
  return [line(head), widths.map((width) => '─'.repeat(width)).join('  '), ...rows.map(line)].join('\n');
}

function rangeTitle(natural: Natural): string {
  return natural ? '95 % mit Schwankung / with variation' : '95 %-Bereich';
}

/** What stands for an estimate: its value, and its range or `–` where none is defined. */
function shown(measure: ReleasedMeasure, release: Release, natural: Natural): (estimate: Estimate | null) => string[] {
  const at = release.measures.findIndex(({ as }) => as === measure.as);
  const sampling = natural && samplingRangeOf(measure, release, natural.measures[at]);
  const text = (value: number) => numberOf(measure, value);
  return (estimate) => {
    if (!estimate) return ['.', '.'];
    const ends = natural ? sampling?.(estimate) : estimate;
    return [text(estimate.value), ends ? `${text(ends.low)} – ${text(ends.high)}` : '–'];
  };
}

/** Rates and shares in per cent, everything else in its unit. */
function numberOf({ fn, decimals }: ReleasedMeasure, value: number): string {
  const isShare = fn === 'rate' || fn === 'shares';
  return isShare ? (value / 10 ** (decimals - 2)).toFixed(decimals - 2) : (value / 10 ** decimals).toFixed(decimals);
}

function unitOf({ fn, unit }: ReleasedMeasure): string {
  if (fn === 'rate' || fn === 'shares') return ' (%)';
  return unit === null ? '' : ` (${unit})`;
}
