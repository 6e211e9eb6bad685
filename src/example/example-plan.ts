/** `example.yaml`: how an example room is run – its members, where the rows of its datasets come from, who asks what. */
import { Day, Role, Slug, UnitPath } from '@reinraum/protocol';
import { z } from 'zod';

const Weights = z.strictObject({ weights: z.record(z.string(), z.number().nonnegative()) });
/** Bands [from, to, weight]; every value of the column's grid inside a band is equally likely. */
const Bands = z.strictObject({ bands: z.array(z.tuple([z.int(), z.int(), z.number().positive()])).min(1) });
const Draw = z.union([Weights, Bands]);
/** How a value is drawn without looking at other columns. */
export type Draw = z.infer<typeof Draw>;

const Given = z.strictObject({
  /** A column that stands before this one in the schema. */
  given: Slug,
  /** The first case that fits its value decides how this one is drawn; the cases must cover all its values. */
  cases: z
    .array(
      z.strictObject({
        when: z.union([z.array(z.string()).min(1), z.strictObject({ from: z.int(), to: z.int() })]),
        draw: Draw,
      }),
    )
    .min(1),
});

/** A value drawn alone, or knowing a column before it. */
const Drawn = z.union([Weights, Bands, Given]);
/** How a value is drawn, alone or given another. */
export type Drawn = z.infer<typeof Drawn>;

/** How one column of a synthetic source is drawn. `counts` gives exactly so many rows a code, in the codes' order. */
export const ColumnSource = z.union([
  z.strictObject({ counts: z.record(z.string(), z.int().nonnegative()) }),
  ...Drawn.options,
]);
export type ColumnSource = z.infer<typeof ColumnSource>;

const Chance = z.number().min(0).max(1);

/** How one column of a panel is drawn: once a unit, or along its periods. */
export const PanelColumn = z.union([
  ...Drawn.options,
  /** Drawn again in a period with this chance, and whenever the column it is given has come to another case. */
  z.strictObject({ redrawn: Drawn, chance: Chance }),
  /** In a period, with this chance, larger or smaller by at most the part `by` and by at least one step. */
  z.strictObject({ drifting: Drawn, chance: Chance, by: z.number().positive().max(1) }),
  /** `code` for so many periods from the one in which it begins, which happens with this chance; `otherwise` before and after. */
  z.strictObject({
    spell: z.strictObject({ code: z.string(), otherwise: z.string(), chance: Chance, periods: z.int().positive() }),
  }),
]);
export type PanelColumn = z.infer<typeof PanelColumn>;

const Synthetic = z.strictObject({
  kind: z.literal('synthetic'),
  /** The same seed gives the same rows, on every machine. */
  seed: z.string().min(1).max(200),
  rows: z.int().positive(),
  columns: z.record(Slug, ColumnSource),
});

/** Units with one row in each period from the one they begin in to the one they end in. */
const Panel = z.strictObject({
  kind: z.literal('panel'),
  seed: z.string().min(1).max(200),
  /** Units that are there in the first period, and how many more begin in each later one. */
  units: z.int().positive(),
  begins: z.int().nonnegative(),
  /** Chance that a period is a unit's last. */
  ends: Chance,
  /** All columns but the schema's column of periods. */
  columns: z.record(Slug, PanelColumn),
});

const Expand = z.strictObject({
  kind: z.literal('expand'),
  file: z.string().min(1),
  /** Lines of the file whose fields have these values … */
  where: z.record(z.string(), z.string()),
  /** … and match these patterns (whole field): such as the regions that are not totals of others. */
  matching: z.record(z.string(), z.string()).default({}),
  /** Field with the number of persons; that many rows are made. */
  count: z.string().min(1),
  /** Field of the file by column. A code outside the column's list is an error, never left out in silence. */
  columns: z.record(Slug, z.string()),
});

const Csv = z.strictObject({
  kind: z.literal('csv'),
  file: z.string().min(1),
  /** Field with the unit's identifier. */
  id: z.string().min(1),
  columns: z.record(Slug, z.string()),
});

/** Where an example's rows come from. */
export const Source = z.discriminatedUnion('kind', [Synthetic, Panel, Expand, Csv]);
export type Source = z.infer<typeof Source>;

/** A source of one kind. */
export type SourceOf<Kind extends Source['kind']> = Extract<Source, { kind: Kind }>;

const ParameterValues = z.record(Slug, z.union([z.string(), z.int()]));

/** The file as a whole. What it names elsewhere (units, datasets, questions) is checked by `policyFaults`. */
export const ExamplePlan = z.strictObject({
  members: z.array(z.strictObject({ name: Slug, unit: UnitPath, roles: z.array(Role).min(1) })).min(1),
  datasets: z.array(
    z.strictObject({
      dataset: Slug,
      steward: Slug,
      capacityRows: z.int().positive(),
      purpose: Slug,
      legalBasis: z.string().regex(/^[a-z0-9-]{1,64}$/, 'use lower-case letters, digits and "-"'),
      validUntil: Day,
      source: Source,
    }),
  ),
  runs: z.array(z.strictObject({ query: Slug, by: Slug, parameters: ParameterValues })),
  /** Derived tables that are evaluated afterwards, from the releases of the runs: at no charge. */
  tables: z.array(z.strictObject({ table: Slug, by: Slug, parameters: ParameterValues })).default([]),
});
export type ExamplePlan = z.infer<typeof ExamplePlan>;
