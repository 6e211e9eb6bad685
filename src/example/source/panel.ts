/** Units with a row a period, made up from a seed: they begin and end, keep what they are and change what they do. */
import type { Column, DatasetSchema } from '@reinraum/protocol';
import type { SourceRecord } from '../../steward/records.ts';
import type { PanelColumn, SourceOf } from '../example-plan.ts';
import { codesOf, type Drawing, drawing } from './draws.ts';
import { seeded } from './seeded.ts';

/** The value of one column for one unit in its next period, knowing the columns before it in that period. */
type Life = (before: readonly string[]) => string;

/**
 * Records of a panel that `sourceFaults` finds nothing wrong with, unit by unit and in the order of the periods. A pure
 * function of source and schema. A unit has one identifier, and at most one row a period.
 */
export async function* panel(source: SourceOf<'panel'>, schema: DatasetSchema): AsyncGenerator<SourceRecord> {
  const random = seeded(source.seed);
  const periods = periodsOf(schema);
  const births = schema.columns.map((column) =>
    column.name === schema.period ? undefined : birthOf(column, source.columns[column.name], schema, random),
  );
  let unit = 0;
  for (const first of periods.keys()) {
    const begin = first === 0 ? source.units : source.begins;
    for (let n = 0; n < begin; n++) {
      const id = `${source.seed}/${unit++}`;
      const lives = births.map((birth) => birth?.());
      for (const period of periods.slice(first)) {
        const values: string[] = [];
        for (const next of lives) values.push(next ? next(values) : period);
        yield { id, values };
        if (random() < source.ends) break;
      }
    }
  }
}

/** Most rows a panel can have: nobody ends. */
export function panelRowsMax({ units, begins }: SourceOf<'panel'>, schema: DatasetSchema): number {
  const periods = periodsOf(schema).length;
  return units * periods + (begins * periods * (periods - 1)) / 2;
}

function periodsOf({ period, columns }: DatasetSchema): string[] {
  const column = columns.find(({ name }) => name === period);
  return column ? codesOf(column) : [];
}

function birthOf(
  column: Column,
  spec: PanelColumn | undefined,
  schema: DatasetSchema,
  random: () => number,
): () => Life {
  if (!spec) throw new Error(`source.columns: there is no column "${column.name}"`);
  if ('spell' in spec) return () => spell(spec.spell, random);
  if ('drifting' in spec) {
    const first = drawing(column, spec.drifting, schema, random);
    return () => drifting(column, first, spec, random);
  }
  const values = drawing(column, 'redrawn' in spec ? spec.redrawn : spec, schema, random);
  return () => kept(values, 'redrawn' in spec ? spec.chance : 0, random);
}

/** A value that stays until chance or another case calls for a new one. */
function kept({ caseOf, draw }: Drawing, chance: number, random: () => number): Life {
  let value: string | undefined;
  let last = -1;
  return (before) => {
    const at = caseOf(before);
    if (value === undefined || at !== last || (chance > 0 && random() < chance)) value = draw(at);
    last = at;
    return value;
  };
}

function drifting(
  column: Column,
  { caseOf, draw }: Drawing,
  { chance, by }: { readonly chance: number; readonly by: number },
  random: () => number,
): Life {
  const { min, max, step } = column.type === 'integer' ? column : { min: 0, max: 0, step: 1 };
  let value: number | undefined;
  return (before) => {
    if (value === undefined) value = Number(draw(caseOf(before)));
    else if (random() < chance) {
      const steps = Math.max(1, Math.round((random() * by * value) / step));
      value = Math.min(max, Math.max(min, value + (random() < 0.5 ? -steps : steps) * step));
    }
    return String(value);
  };
}

/** Who is there from the first period on may be in the middle of a spell: each of its periods is as likely. */
function spell(
  { code, otherwise, chance, periods }: Extract<PanelColumn, { spell: unknown }>['spell'],
  random: () => number,
): Life {
  let left: number | undefined;
  return () => {
    if (left === undefined) left = random() < chance * periods ? 1 + Math.floor(random() * periods) : 0;
    else if (left > 0) left -= 1;
    else if (random() < chance) left = periods;
    return left > 0 ? code : otherwise;
  };
}
