/** What is wrong with a source before a row of it is made. */
import type { Column, DatasetSchema } from '@reinraum/protocol';
import type { ColumnSource, Draw, Drawn, PanelColumn, Source, SourceOf } from '../example-plan.ts';
import { fits } from './draws.ts';

/** Faults of a source against the schema of its dataset, each "field: what to do". None: its rows can be made. */
export function sourceFaults(source: Source, schema: DatasetSchema): string[] {
  const isPanel = source.kind === 'panel';
  const names = schema.columns.map(({ name }) => name).filter((name) => !isPanel || name !== schema.period);
  const given = Object.keys(source.columns);
  const faults = [
    ...names.filter((name) => !given.includes(name)).map((name) => `columns: add "${name}", which the schema has`),
    ...given.filter((name) => !names.includes(name)).map((name) => `columns.${name}: ${unknownColumn(name, schema)}`),
  ];
  if (source.kind === 'synthetic') {
    for (const column of schema.columns) {
      const spec = source.columns[column.name];
      if (spec)
        faults.push(...columnFaults(column, spec, source, schema).map((text) => `columns.${column.name}${text}`));
    }
  }
  if (source.kind === 'panel') {
    if (schema.period === null) faults.push('kind: a panel needs a schema with a column of periods');
    for (const column of schema.columns) {
      const spec = source.columns[column.name];
      if (spec)
        faults.push(...panelFaults(column, spec, source, schema).map((text) => `columns.${column.name}${text}`));
    }
  }
  if (source.kind === 'expand') faults.push(...patternFaults(source));
  return faults;
}

function unknownColumn(name: string, { period }: DatasetSchema): string {
  return name === period ? 'is the column of periods, which a panel fills itself' : 'the schema has no such column';
}

function panelFaults(column: Column, spec: PanelColumn, source: SourceOf<'panel'>, schema: DatasetSchema): string[] {
  if ('spell' in spec) return codeFaults(column, '.spell', [spec.spell.code, spec.spell.otherwise]);
  if ('redrawn' in spec) return drawnFaults(column, '.redrawn', spec.redrawn, schema);
  if ('drifting' in spec) {
    const integer = column.type === 'integer' ? [] : ['.drifting: a column of codes cannot drift'];
    return [...integer, ...drawnFaults(column, '.drifting', spec.drifting, schema)];
  }
  const faults = drawnFaults(column, '', spec, schema);
  const other = 'given' in spec ? source.columns[spec.given] : undefined;
  // What is drawn once would change with what it is given.
  const isMoving = other && ('redrawn' in other || 'drifting' in other || 'spell' in other);
  return isMoving ? [...faults, '.given: changes along the periods; write redrawn'] : faults;
}

function columnFaults(
  column: Column,
  spec: ColumnSource,
  source: SourceOf<'synthetic'>,
  schema: DatasetSchema,
): string[] {
  if ('counts' in spec) {
    const total = Object.values(spec.counts).reduce((sum, count) => sum + count, 0);
    const sum = total === source.rows ? [] : [`.counts: add up to ${total}; "rows" says ${source.rows}`];
    return [...codeFaults(column, '.counts', Object.keys(spec.counts)), ...sum];
  }
  return drawnFaults(column, '', spec, schema);
}

function drawnFaults(column: Column, field: string, spec: Drawn, schema: DatasetSchema): string[] {
  if (!('given' in spec)) return drawFaults(column, field, spec);
  const before = schema.columns.slice(0, schema.columns.indexOf(column));
  const other = before.find(({ name }) => name === spec.given);
  if (!other) return [`${field}.given: name a column that stands before it in the schema`];
  const missing = domainOf(other).find((value) => !spec.cases.some(({ when }) => fits(value, when)));
  const uncovered = missing === undefined ? [] : [`${field}.cases: none fits ${spec.given} = ${missing}`];
  return [...spec.cases.flatMap(({ draw }, at) => drawFaults(column, `${field}.cases.${at}.draw`, draw)), ...uncovered];
}

function drawFaults(column: Column, field: string, draw: Draw): string[] {
  if ('weights' in draw) {
    const isEmpty = !Object.values(draw.weights).some((weight) => weight > 0);
    const empty = isEmpty ? [`${field}.weights: one must be above 0`] : [];
    return [...codeFaults(column, `${field}.weights`, Object.keys(draw.weights)), ...empty];
  }
  if (column.type !== 'integer') return [`${field}.bands: a column of codes needs weights`];
  const { min, max, step } = column;
  return draw.bands.flatMap(([from, to], at) =>
    from >= min && to <= max && from <= to && (from - min) % step === 0
      ? []
      : [`${field}.bands.${at}: must rise, lie in ${min} … ${max} and begin on a multiple of ${step}`],
  );
}

function codeFaults(column: Column, field: string, codes: readonly string[]): string[] {
  if (column.type !== 'code') return [`${field}: a column of integers needs bands`];
  const known = new Set(column.codes.map(({ code }) => code));
  return codes.filter((code) => !known.has(code)).map((code) => `${field}: the code list has no "${code}"`);
}

function patternFaults({ matching }: SourceOf<'expand'>): string[] {
  return Object.entries(matching).flatMap(([field, pattern]) => {
    try {
      RegExp(pattern);
      return [];
    } catch {
      return [`matching.${field}: is not a regular expression`];
    }
  });
}

/** Every value of a column as it stands in the data. */
function domainOf(column: Column): string[] {
  if (column.type === 'code') return column.codes.map(({ code }) => code);
  const { min, max, step } = column;
  return Array.from({ length: (max - min) / step + 1 }, (_, at) => String(min + at * step));
}
