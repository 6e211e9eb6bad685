/** A release as a table people read: value and range, `.` for every hidden cell. */
import { type Estimate, estimatesOf, type Release, type ReleasedMeasure } from '@reinraum/protocol';
import { type LabelNames, plainLabels } from './label-names.ts';

/** Lines of a text table. Suppressed is never shown as 0 (domain.md "Symbols of official tables"). */
export function tableOf({ axes, cells, measures, k }: Release, names: LabelNames = plainLabels): string {
  const titles = measures.flatMap((measure) => {
    const labels = measure.labels?.map((label) => `${measure.as} ${names(measure.as, label)}`) ?? [measure.as];
    return labels.flatMap((label) => [`${label}${unitOf(measure)}`, '95 %-Bereich']);
  });
  const head = [...axes.map(({ as }) => as), ...titles];
  const rows = cells.map((cell) => [
    ...cell.key.map((label, at) => names(axes[at]?.as ?? '', label)),
    ...measures.flatMap((measure, at) => estimatesOf(cell, at).flatMap((estimate) => shown(measure, estimate))),
  ]);
  const note = `. = geheim (weniger als ${k} oder nicht sicher zeigbar) / hidden (fewer than ${k}, or not safe to show)`;
  return `${alignedTable(head, rows, axes.length)}\n${note}`;
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
