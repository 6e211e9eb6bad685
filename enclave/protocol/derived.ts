/**
 * Derived tables: ratios and changes of released counts, as post-processing that costs nothing (docs/spec/derived.md).
 * Approved like a query; evaluated by whoever reads the releases, in a pure function anyone can repeat.
 */
import { z } from 'zod';
import { type Estimate, estimatesOf, type Release } from './document.ts';
import type { Noisy } from './inference/noisy.ts';
import { differenceInterval, ratioInterval } from './inference/ratio.ts';
import { mechanismOf } from './mechanism.ts';
import { Code, Digest, Slug } from './name.ts';
import type { Parameters } from './plan.ts';
import { Constant, questionHead } from './query.ts';
import { Refusal } from './refusal.ts';

const label = z.string().min(1).max(64);

/** One released count: of which query, which of its measures, run with which parameters. */
const Input = z.strictObject({
  /** Digest of the query. In YAML its id stands here, and a tool puts the digest in its place. */
  query: Digest,
  measure: Slug,
  /** Constants, or parameters of the table as `$name`. */
  parameters: z.record(Slug, Constant).default({}),
  /** Labels of an axis that are counted in; all of them where an axis is not named. */
  where: z.record(Slug, z.array(label).min(1).max(512)).default({}),
});

/** One axis of the table. An input that does not have it stands for all its labels. */
const Axis = z.strictObject({
  as: Slug,
  /** Axis of each input that has it. */
  from: z.record(Slug, Slug).refine((from) => Object.keys(from).length > 0, 'name an axis of at least one input'),
  /** Labels of inputs with finer classes, by the label they add up to. */
  rollup: z
    .record(
      Slug,
      z
        .array(Code.extend({ of: z.array(label).min(1).max(512) }))
        .min(1)
        .max(512),
    )
    .default({}),
  /** A last label that adds up all others. */
  total: Code.optional(),
});

const TableMeasure = z.discriminatedUnion('fn', [
  /** `of` per so many `over`. */
  z.strictObject({
    as: Slug,
    fn: z.literal('ratio'),
    of: Slug,
    over: Slug,
    per: z.int().min(1).max(1_000_000),
    decimals: z.int().min(0).max(4),
  }),
  /** `of` less `since`. */
  z.strictObject({ as: Slug, fn: z.literal('change'), of: Slug, since: Slug }),
]);

/** A table made from releases. Its digest is what approvals sign. */
export const DerivedTable = z
  .strictObject({
    apiVersion: z.literal('reinraum/v1'),
    kind: z.literal('DerivedTable'),
    ...questionHead,
    inputs: z.record(Slug, Input),
    axes: z.array(Axis).min(1).max(6),
    measure: TableMeasure,
  })
  .superRefine(({ inputs, axes, measure }, context) => {
    const report = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    const used = measure.fn === 'ratio' ? [measure.of, measure.over] : [measure.of, measure.since];
    if (Object.keys(inputs).sort().join() !== [...new Set(used)].sort().join() || new Set(used).size < 2) {
      report('inputs', 'must be the two the measure names');
    }
    for (const { from, rollup, as } of axes) {
      if (Object.keys(from).some((name) => !used.includes(name))) report('axes', `"from" of "${as}" names no input`);
      if (Object.keys(rollup).some((name) => !(name in from))) report('axes', `"rollup" of "${as}" names no "from"`);
    }
    if (new Set(axes.map(({ as }) => as)).size < axes.length) report('axes', 'a name after "as" stands twice');
  });
export type DerivedTable = z.infer<typeof DerivedTable>;

/** A cell of an evaluated table: its key, and the estimate; null where an input is hidden, or too noisy to divide by. */
export interface DerivedCell {
  readonly key: readonly string[];
  readonly estimate: Estimate | null;
}

/** An evaluated table. Estimates are integers to be divided by 10^decimals. */
export interface Derived {
  readonly axes: readonly { readonly as: string; readonly labels: readonly string[] }[];
  readonly decimals: number;
  readonly cells: readonly DerivedCell[];
}

/** What is known of an input before it is run: its axes, and which measures count. */
export interface InputShape {
  readonly axes: Release['axes'];
  readonly measures: readonly { readonly as: string; readonly fn: string }[];
}

/** Parameters an input is run with. Throws {@link Refusal} `parameter-invalid` with the field. */
export function inputParameters(table: DerivedTable, input: string, given: Parameters): Parameters {
  for (const [name, { oneOf }] of Object.entries(table.params)) {
    const value = new Map(Object.entries(given)).get(name);
    if (value === undefined || !oneOf.includes(value)) throw new Refusal('parameter-invalid', `params.${name}`);
  }
  if (Object.keys(given).some((name) => !Object.hasOwn(table.params, name))) {
    throw new Refusal('parameter-invalid', 'params');
  }
  const own = Object.entries(table.inputs[input]?.parameters ?? {});
  return Object.fromEntries(
    own.map(([name, value]) => [
      name,
      typeof value === 'string' && value.startsWith('$') ? (given[value.slice(1)] ?? value) : value,
    ]),
  );
}

/** Refuses a table whose inputs do not have the axes, labels and counts it names. */
export function checkDerived(table: DerivedTable, shapes: ReadonlyMap<string, InputShape>): void {
  for (const [name, input] of Object.entries(table.inputs)) {
    const shape = shapes.get(name);
    const field = `inputs.${name}`;
    if (!shape) throw new Refusal('query-unknown', `${field}.query`);
    const measure = shape.measures.find(({ as }) => as === input.measure);
    // The noise of anything else is not in the integers that are released.
    if (measure?.fn !== 'count' && measure?.fn !== 'countRows') {
      throw new Refusal('query-not-compilable', `${field}.measure`);
    }
    for (const [axis, labels] of Object.entries(input.where)) {
      const known = shape.axes.find(({ as }) => as === axis)?.labels ?? [];
      if (!labels.every((one) => known.includes(one)) || new Set(labels).size < labels.length) {
        throw new Refusal('query-not-compilable', `${field}.where.${axis}`);
      }
    }
  }
  tableAxes(table, shapes);
}

/**
 * Evaluates a table from the releases of its inputs. A cell is hidden where any of the cells it is made from is. Ranges
 * are of the noise of both, by test inversion. Pure; throws {@link Refusal} as {@link checkDerived}.
 */
export function derive(table: DerivedTable, releases: ReadonlyMap<string, Release>): Derived {
  checkDerived(table, releases);
  const axes = tableAxes(table, releases);
  const { measure } = table;
  const [x, y] = measure.fn === 'ratio' ? [measure.of, measure.over] : [measure.of, measure.since];
  const sums = new Map([x, y].map((name) => [name, adder(table, name, releases)]));
  const cells = productOf(axes).map((labels) => {
    const [of, by] = [sums.get(x)?.(labels), sums.get(y)?.(labels)];
    return { key: labels.map(({ code }) => code), estimate: of && by ? estimateOf(measure, of, by) : null };
  });
  return {
    axes: axes.map(({ as, labels }) => ({ as, labels: labels.map(({ code }) => code) })),
    decimals: measure.fn === 'ratio' ? measure.decimals : 0,
    cells,
  };
}

/** A label of the table: what it is called, and the labels of each input's axis it stands for. */
interface TableLabel {
  readonly code: string;
  readonly of: ReadonlyMap<string, readonly string[]>;
}

interface TableAxis {
  readonly as: string;
  readonly from: Readonly<Record<string, string>>;
  readonly labels: readonly TableLabel[];
}

/** The axes with their labels. Every input of an axis must come to the same labels, in the same order. */
function tableAxes(table: DerivedTable, shapes: ReadonlyMap<string, InputShape>): TableAxis[] {
  return table.axes.map(({ as, from, rollup, total }, at) => {
    const byInput = Object.entries(from).map(([input, axis]) => {
      const known = shapes.get(input)?.axes.find((one) => one.as === axis)?.labels;
      const groups = rollup[input] ?? known?.map((code) => ({ code, of: [code] })) ?? [];
      const used = groups.flatMap(({ of }) => of);
      if (!known || used.some((code) => !known.includes(code)) || new Set(used).size < used.length) {
        throw new Refusal('query-not-compilable', `axes.${at}.from.${input}`);
      }
      return { input, groups };
    });
    const codes = byInput[0]?.groups.map(({ code }) => code) ?? [];
    if (byInput.some(({ groups }) => groups.map(({ code }) => code).join('\0') !== codes.join('\0'))) {
      throw new Refusal('query-not-compilable', `axes.${at}.from`);
    }
    const labels = codes.map((code, n) => ({
      code,
      of: new Map(byInput.map(({ input, groups }) => [input, groups[n]?.of ?? []])),
    }));
    const all = new Map(byInput.map(({ input, groups }) => [input, groups.flatMap(({ of }) => of)]));
    return { as, from, labels: total ? [...labels, { code: total.code, of: all }] : labels };
  });
}

function productOf(axes: readonly TableAxis[]): TableLabel[][] {
  return axes.reduce<TableLabel[][]>(
    (keys, { labels }) => keys.flatMap((key) => labels.map((one) => [...key, one])),
    [[]],
  );
}

/** Adds up the cells of an input behind a cell of the table; undefined where one of them is hidden. */
function adder(table: DerivedTable, name: string, releases: ReadonlyMap<string, Release>) {
  const release = releases.get(name);
  const input = table.inputs[name];
  const at = release?.measures.findIndex(({ as }) => as === input?.measure) ?? -1;
  const measure = release?.measures[at];
  if (!release || !input || !measure) throw new Refusal('query-unknown', `inputs.${name}.query`);
  const byKey = new Map(release.cells.map((cell) => [cell.key.join('\0'), estimatesOf(cell, at)[0] ?? null]));
  return (labels: readonly TableLabel[]): Noisy | undefined => {
    const wanted = release.axes.map(({ as, labels: all }) => {
      const axis = table.axes.findIndex(({ from }) => from[name] === as);
      return labels[axis]?.of.get(name) ?? input.where[as] ?? all;
    });
    const keys = wanted.reduce<string[]>(
      (before, some) => before.flatMap((key) => some.map((one) => (key === '' ? one : `${key}\0${one}`))),
      [''],
    );
    const parts = keys.map((key) => byKey.get(key) ?? null);
    if (parts.includes(null)) return undefined;
    const value = parts.reduce((sum, part) => sum + BigInt(part?.value ?? 0), 0n);
    const mechanism = mechanismOf(measure.noise);
    const isDecider = parts.length === 1 && measure.fn === 'count';
    const shownFrom = { cut: BigInt(measure.cut), k: BigInt(release.k) };
    return { value, mechanism, terms: parts.length, ...(isDecider ? { shownFrom } : {}) };
  };
}

const alpha = 0.05;

/** Null where the noise of what is divided by cannot exclude 0: there is no range then. */
function estimateOf(measure: DerivedTable['measure'], x: Noisy, y: Noisy): Estimate | null {
  if (measure.fn === 'change') {
    const { low, high } = differenceInterval(x, y, alpha);
    return { value: Number(x.value) - Number(y.value), low: Number(low), high: Number(high) };
  }
  const factor = measure.per * 10 ** measure.decimals;
  const { low, high } = ratioInterval(x, y, alpha);
  if (!Number.isFinite(high)) return null;
  return {
    value: Math.round((Number(x.value) / Number(y.value)) * factor),
    // Rounded outwards; counts are never negative, so neither is their ratio.
    low: Math.max(0, Math.floor(low * factor + 1e-9)),
    high: Math.ceil(high * factor - 1e-9),
  };
}
