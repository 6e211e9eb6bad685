/** A release as a table people read: value and range, `.` for every hidden cell. */
import {
  type ConsistentCell,
  consistentTables,
  type Estimate,
  estimatesOf,
  type Release,
  type ReleasedMeasure,
} from '@reinraum/protocol';
import { type LabelNames, plainLabels } from './label-names.ts';

/**
 * Lines of text tables: one for all measures with one value a cell, one for each measure by classes, a row a class, one for
 * each level of a hierarchy with whole numbers that add up. Suppressed is never shown as 0 (domain.md "Symbols of official tables").
 */
export function tableOf(release: Release, names: LabelNames = plainLabels): string {
  if (release.hierarchy) return [...levelTables(release, names), noteOf(release), outsideNote].join('\n');
  const alone = release.measures.filter(({ labels }) => !labels);
  const tables = [
    ...(alone.length > 0 ? [tableByCell(release, alone, names)] : []),
    ...release.measures.filter(({ labels }) => labels).map((measure) => tableByClass(release, measure, names)),
  ];
  return [...tables, noteOf(release)].join('\n');
}

function noteOf({ k }: Release): string {
  return `. = geheim (weniger als ${k} oder nicht sicher zeigbar) / hidden (fewer than ${k}, or not safe to show)`;
}

const outsideNote = '* = außerhalb des eigenen Bereichs / outside its own range';

/** The finest cells and the levels above them, each with the whole numbers that add up to the next. */
function levelTables(release: Release, names: LabelNames): string[] {
  const { axes, measures, hierarchy } = release;
  const [measure] = measures;
  if (!measure || !hierarchy) return [];
  const levels = [{ as: hierarchy.axis, cells: release.cells }, ...hierarchy.levels];
  return (consistentTables(release) ?? []).map((whole, at) => {
    const { as = '', cells = [] } = levels[at] ?? {};
    const own = axes.map((axis) => (axis.as === hierarchy.axis ? { ...axis, as } : axis));
    const head = [...own.map((axis) => axis.as), measure.as, '95 %-Bereich', 'stimmig / adds up'];
    const rows = cells.map((cell, position) => [
      ...namesOf(cell.key, own, names),
      ...shown(measure, estimatesOf(cell, 0)[0] ?? null),
      wholeText(whole[position]),
    ]);
    return alignedTable(head, rows, own.length);
  });
}

function wholeText(cell: ConsistentCell | undefined): string {
  if (!cell || cell.value === null) return '.';
  return cell.isOutside ? `${cell.value} *` : `${cell.value}`;
}

function tableByCell({ axes, cells, measures }: Release, alone: readonly ReleasedMeasure[], names: LabelNames): string {
  const head = [
    ...axes.map(({ as }) => as),
    ...alone.flatMap((measure) => [`${measure.as}${unitOf(measure)}`, '95 %-Bereich']),
  ];
  const rows = cells.map((cell) => [
    ...namesOf(cell.key, axes, names),
    ...alone.flatMap((measure) => shown(measure, estimatesOf(cell, measures.indexOf(measure))[0] ?? null)),
  ]);
  return alignedTable(head, rows, axes.length);
}

function tableByClass({ axes, cells, measures }: Release, measure: ReleasedMeasure, names: LabelNames): string {
  const head = [...axes.map(({ as }) => as), 'Klasse / class', `${measure.as}${unitOf(measure)}`, '95 %-Bereich'];
  const rows = cells.flatMap((cell) =>
    estimatesOf(cell, measures.indexOf(measure)).map((estimate, at) => [
      ...namesOf(cell.key, axes, names),
      names(measure.as, measure.labels?.[at] ?? ''),
      ...shown(measure, estimate),
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

function shown(measure: ReleasedMeasure, estimate: Estimate | null): string[] {
  if (!estimate) return ['.', '.'];
  const text = (value: number) => numberOf(measure, value);
  return [text(estimate.value), `${text(estimate.low)} – ${text(estimate.high)}`];
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
