/** A release as the screens show it: codes turned into titles, measures into columns. The only place that knows its form. */
import { sidesColumn } from '@reinraum/client';
import {
  type AggregateQuery,
  type ConsistentCell,
  consistentTables,
  type DatasetSchema,
  type Estimate,
  estimatesOf,
  type Release,
  samplingRangeOf,
} from '@reinraum/protocol';
import type { Language } from './texts/speech.ts';
import { columnOf, measureTitle, measureUnit, splitLabelTitle, splitTitle } from './titles.ts';

/** A shown value with its 95 % range, in the column's unit. */
export interface Shown {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** Works out the range with natural variation; null where none is defined. Takes its time, so only when somebody looks. */
  readonly natural?: () => { readonly low: number; readonly high: number } | null;
}

/** One way the table is divided. */
export interface AxisView {
  readonly id: string;
  readonly title: string;
  /** In the order of the release. */
  readonly labels: readonly { readonly label: string; readonly title: string }[];
}

/** One value a cell has. */
export interface ColumnView {
  readonly id: string;
  /** With the unit, where it has one. */
  readonly title: string;
  /** Digits after the decimal point that are shown. */
  readonly decimals: number;
  /** Whether ranges with natural variation are defined for it. */
  readonly hasNatural?: boolean;
}

/** One row of the table; null is hidden, whatever the reason. */
export interface RowView {
  readonly key: readonly string[];
  readonly titles: readonly string[];
  readonly values: readonly (Shown | null)[];
  /** What the value means in a word, where the table has one. */
  readonly word?: 'up' | 'down' | 'same' | undefined;
  /** Of a hierarchy: the whole number that adds up to the level above. */
  readonly whole?: Pick<ConsistentCell, 'value' | 'isOutside'> | undefined;
}

/** The whole table. */
export interface ReleaseView {
  readonly axes: readonly AxisView[];
  readonly columns: readonly ColumnView[];
  readonly rows: readonly RowView[];
  readonly k: number;
  /** Levels above the finest cells, finest first. */
  readonly levels?: readonly ReleaseView[];
}

/** The table of a release, with the titles its query and schema give to codes. */
export function releaseView(
  release: Release,
  query: AggregateQuery,
  schema: DatasetSchema | undefined,
  language: Language,
): ReleaseView {
  const axes = release.axes.map(({ as, labels }) => {
    const key = query.groupBy.find((candidate) => candidate.as === as);
    const title = key === undefined ? as : splitTitle(key, schema, language);
    return {
      id: as,
      title,
      labels: labels.map((label) => ({ label, title: key ? splitLabelTitle(label, key, schema, language) : label })),
    };
  });
  const titleOf = axes.map(({ labels }) => new Map(labels.map(({ label, title }) => [label, title])));
  const measures = release.measures.map((released, at) =>
    measureView(released, release, query.measures[at], schema, language),
  );
  const whole = consistentTables(release);
  const rows = release.cells.map((cell, position) => ({
    key: cell.key,
    titles: cell.key.map((label, at) => titleOf[at]?.get(label) ?? label),
    values: measures.flatMap(({ columns, show }, at) => {
      const estimates = estimatesOf(cell, at);
      return columns.map((_, place) => show(estimates[place] ?? null));
    }),
    whole: whole?.[0]?.[position],
  }));
  const view = { axes, columns: measures.flatMap(({ columns }) => columns), rows, k: release.k };
  return whole ? { ...view, levels: levelViews(release, whole, query, view, language) } : view;
}

/** The levels above the finest cells, each as a table of its own: one axis has the level's groups. */
function levelViews(
  release: Release,
  whole: readonly (readonly ConsistentCell[])[],
  query: AggregateQuery,
  finest: ReleaseView,
  language: Language,
): ReleaseView[] {
  const { hierarchy, k } = release;
  return (hierarchy?.levels ?? []).map(({ as, labels, cells, noise, cut }, at) => {
    const natural = samplingRangeOf({ fn: 'count', decimals: 0, noise, cut }, release, undefined);
    const show = (estimate: Estimate | null) => estimate && { ...estimate, natural: () => natural?.(estimate) ?? null };
    const level = query.hierarchy?.levels.find((candidate) => candidate.as === as);
    const groups = new Map(level?.groups.map((group) => [group.code, group[language]]));
    const axes = finest.axes.map((axis) =>
      axis.id === hierarchy?.axis
        ? {
            id: as,
            title: level?.title[language] ?? as,
            labels: labels.map((label) => ({ label, title: groups.get(label) ?? label })),
          }
        : axis,
    );
    const titleOf = axes.map((axis) => new Map(axis.labels.map(({ label, title }) => [label, title])));
    const rows = cells.map((cell, position) => ({
      key: cell.key,
      titles: cell.key.map((label, n) => titleOf[n]?.get(label) ?? label),
      values: [show(estimatesOf(cell, 0)[0] ?? null)],
      whole: whole[at + 1]?.[position],
    }));
    return { axes, columns: finest.columns, rows, k };
  });
}

interface MeasureView {
  readonly columns: readonly ColumnView[];
  readonly show: (estimate: Estimate | null) => Shown | null;
}

function measureView(
  released: Release['measures'][number],
  release: Release,
  measure: AggregateQuery['measures'][number] | undefined,
  schema: DatasetSchema | undefined,
  language: Language,
): MeasureView {
  const { as, decimals, labels, fn } = released;
  const natural = samplingRangeOf(released, release, measure);
  const { unit, shift } = measureUnit(fn, released.unit, language);
  const scale = 10 ** (decimals - shift);
  const title = measure ? measureTitle(measure, schema, language) : as;
  const suffix = unit === '' ? '' : ` (${unit})`;
  const columns = (labels ?? [undefined]).map((label, at) => {
    if (label === undefined) return { id: as, title: `${title}${suffix}` };
    const part = measure ? splitLabelTitle(label, classesOf(measure), schema, language) : label;
    return { id: `${as}-${at}`, title: `${title}: ${part}${suffix}` };
  });
  return {
    columns: columns.map((column) => ({
      ...column,
      decimals: Math.max(0, decimals - shift),
      ...(natural ? { hasNatural: true } : {}),
    })),
    show: (estimate) => {
      if (!estimate) return null;
      return {
        value: estimate.value / scale,
        low: estimate.low / scale,
        high: estimate.high / scale,
        natural: () => {
          const range = natural?.(estimate) ?? null;
          return range && { low: range.low / scale, high: range.high / scale };
        },
      };
    },
  };
}

/** What the labels of a measure stand for. */
function classesOf(measure: AggregateQuery['measures'][number]): Parameters<typeof splitLabelTitle>[1] {
  return 'column' in measure ? measure : { column: sidesColumn };
}

/** A parameter's value as people read it. */
export function parameterTitle(
  name: string,
  value: string | number,
  query: AggregateQuery,
  schema: DatasetSchema | undefined,
  language: Language,
): string {
  const column = columnComparedWith(`$${name}`, query.where);
  return column === undefined ? String(value) : splitLabelTitle(String(value), { column }, schema, language);
}

/** A parameter's own name: the title of the column it is compared with. */
export function parameterName(
  name: string,
  query: AggregateQuery,
  schema: DatasetSchema | undefined,
  language: Language,
): string {
  return columnOf(columnComparedWith(`$${name}`, query.where), schema)?.title[language] ?? name;
}

/** The column a parameter is compared with, wherever in the predicate it stands. */
function columnComparedWith(parameter: string, predicate: unknown): string | undefined {
  if (typeof predicate !== 'object' || predicate === null) return undefined;
  for (const operands of Object.values(predicate)) {
    if (Array.isArray(operands) && typeof operands[0] === 'string') {
      if (operands.slice(1).flat().includes(parameter)) return operands[0];
      continue;
    }
    for (const part of Array.isArray(operands) ? operands : [operands]) {
      const below = columnComparedWith(parameter, part);
      if (below !== undefined) return below;
    }
  }
  return undefined;
}
