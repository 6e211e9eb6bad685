/** A release as a table people read: value and range, `.` for every hidden cell. */
import type { Release } from '@reinraum/protocol';

/** Lines of a text table. Suppressed is never shown as 0 (domain.md "Symbols of official tables"). */
export function tableOf({ axes, cells, k }: Release): string {
  const head = [...axes.map(({ as }) => as), 'Anzahl', '95 %-Bereich'];
  const rows = cells.map(({ key, count }) => [
    ...key,
    count ? String(count.value) : '.',
    count ? `${count.low} – ${count.high}` : '.',
  ]);
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => (row[at] ?? '').length)));
  const line = (row: readonly string[]) =>
    row
      .map((text, at) => (at < axes.length ? text.padEnd(widths[at] ?? 0) : text.padStart(widths[at] ?? 0)))
      .join('  ');
  const note = `. = geheim (weniger als ${k} oder nicht sicher zeigbar) / hidden (fewer than ${k}, or not safe to show)`;
  return [line(head), widths.map((width) => '─'.repeat(width)).join('  '), ...rows.map(line), note].join('\n');
}
