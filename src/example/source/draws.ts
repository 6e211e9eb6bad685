import type { Column, DatasetSchema } from '@reinraum/protocol';
import type { Draw, Drawn } from '../example-plan.ts';
import { weighted } from './seeded.ts';

/** How the values of one column are drawn. */
export interface Drawing {
  /** The case that fits a row's earlier columns: 0 where the column is drawn alone. Throws an `Error` where none fits. */
  readonly caseOf: (before: readonly string[]) => number;
  /** A value for a case. */
  readonly draw: (at: number) => string;
}

/** The drawing of a column that `sourceFaults` finds nothing wrong with. */
export function drawing(column: Column, spec: Drawn, schema: DatasetSchema, random: () => number): Drawing {
  if (!('given' in spec)) {
    const draw = drawn(column, spec, random);
    return { caseOf: () => 0, draw };
  }
  const position = schema.columns.findIndex(({ name }) => name === spec.given);
  const draws = spec.cases.map(({ draw }) => drawn(column, draw, random));
  return {
    caseOf: (before) => {
      const at = spec.cases.findIndex(({ when }) => fits(before[position] ?? '', when));
      if (at === -1) throw new Error(`source.columns.${column.name}.cases: none fits a value of "${spec.given}"`);
      return at;
    },
    draw: (at) => draws[at]?.() ?? '',
  };
}

/** Whether a value of the given column is one of the case's codes or in its range. */
export function fits(value: string, when: readonly string[] | { readonly from: number; readonly to: number }): boolean {
  return 'from' in when ? Number(value) >= when.from && Number(value) <= when.to : when.includes(value);
}

/** The codes of a column in the order of its list; none of a column of integers. */
export function codesOf(column: Column): string[] {
  return column.type === 'code' ? column.codes.map(({ code }) => code) : [];
}

function drawn(column: Column, draw: Draw, random: () => number): () => string {
  if ('weights' in draw) {
    const codes = codesOf(column).filter((code) => Object.hasOwn(draw.weights, code));
    const pick = weighted(
      codes.map((code) => draw.weights[code] ?? 0),
      random,
    );
    return () => codes[pick()] ?? '';
  }
  const step = column.type === 'integer' ? column.step : 1;
  const pick = weighted(
    draw.bands.map(([, , weight]) => weight),
    random,
  );
  return () => {
    const [from = 0, to = 0] = draw.bands[pick()] ?? [];
    const values = Math.floor((to - from) / step) + 1;
    return String(from + step * Math.floor(random() * values));
  };
}
