/** Results of a plan's statements → its exact tables. A row outside the public key set means that the SQL was wrong. */
import { type Plan, type PlanMeasure, parentOf, placesIn } from '@reinraum/protocol';

/** Rows of one statement: axes first, every value a decimal text. */
export type ResultRows = readonly (readonly string[])[];

/** One table a component, in the plan's order, cells in row-major order. Throws `RangeError` on rows that do not fit. */
export function tablesOf(plan: Plan, results: readonly ResultRows[]): bigint[][] {
  const tables = plan.components.map((of) => Array.from({ length: placesIn(of, plan.cells) }, () => 0n));
  const isByCell = plan.measures.some((measure) => !isByClass(measure));
  if (isByCell) for (const row of results[0] ?? misfit()) byCell(plan, row, tables);
  let next = isByCell ? 1 : 0;
  for (const measure of plan.measures) {
    if (!isByClass(measure)) continue;
    for (const row of results[next] ?? misfit()) byClass(plan, measure, row, tables);
    next += 1;
  }
  if (results.length !== next) misfit();
  addLevels(plan, tables);
  return tables;
}

/** Every level is the sum of the one below, whose cells it divides into groups. */
function addLevels({ levels = [] }: Plan, tables: readonly bigint[][]): void {
  for (const level of levels) {
    const above = tables[level.component] ?? misfit();
    (tables[level.component - 1] ?? misfit()).forEach((units, position) => {
      const parent = parentOf(level, position);
      above[parent] = (above[parent] ?? misfit()) + units;
    });
  }
}

/** A row of the first statement: axes, units, rows, then what each measure by value or truth has read. */
function byCell(plan: Plan, row: readonly string[], tables: readonly bigint[][]): void {
  const cell = cellOf(plan, row);
  const read = row.slice(plan.axes.length).map((value) => BigInt(value));
  const take = () => read.shift() ?? misfit();
  const [units, rows] = [take(), take()];
  const set = (component: number, place: number, value: bigint) => {
    const table = tables[component] ?? misfit();
    table[place] = value;
  };
  for (const measure of plan.measures) {
    if (isByClass(measure)) continue;
    const { fn, input, decider, value, squares } = measure;
    if (fn === 'count') set(value, cell, units);
    if (fn === 'countRows') {
      set(decider, cell, units);
      set(value, cell, rows);
    }
    if (input.of === 'truth') {
      const yes = take();
      set(value, 2 * cell, yes);
      set(value, 2 * cell + 1, units - yes);
    }
    if (input.of !== 'value') continue;
    const [valid, sum] = [take(), take()];
    const [low, high] = input.clamp;
    const step = BigInt(input.step);
    if (plan.components[value]?.part === 'twoSided') {
      set(value, 2 * cell, inSteps(sum - valid * BigInt(low), step));
      set(value, 2 * cell + 1, inSteps(valid * BigInt(high) - sum, step));
      continue;
    }
    set(decider, cell, valid);
    if (input.distinct) {
      set(value, cell, sum);
      continue;
    }
    const middle = BigInt(low + high);
    set(value, cell, inSteps(fn === 'sum' ? sum : 2n * sum - valid * middle, step));
    if (squares === undefined) continue;
    // Σ(2x − l − u)², of which every unit's is at most W².
    const about = inSteps(4n * take() - 4n * middle * sum + valid * middle ** 2n, step ** 2n);
    set(squares, cell, 2n * about - valid * inSteps(BigInt(high - low), step) ** 2n);
  }
}

/** A row of a statement by classes: axes, class, units. */
function byClass(plan: Plan, measure: PlanMeasure, row: readonly string[], tables: readonly bigint[][]) {
  const { quantile, decider, value } = measure;
  const cell = cellOf(plan, row);
  const width = plan.components[value]?.width ?? misfit();
  const at = Number(row[plan.axes.length]);
  const units = BigInt(row[plan.axes.length + 1] ?? misfit());
  if (!Number.isInteger(at) || at < 0 || at >= width) misfit();
  const table = tables[value] ?? misfit();
  table[cell * width + at] = units;
  if (quantile === null || isCounted(plan, decider)) return;
  const deciders = tables[decider] ?? misfit();
  deciders[cell] = (deciders[cell] ?? misfit()) + units;
}

/** Whether a measure has a statement of its own, by classes. */
function isByClass({ input }: PlanMeasure): boolean {
  return input.of === 'class' || input.of === 'sides';
}

/** Whether a count measure fills this component. */
function isCounted({ measures }: Plan, component: number): boolean {
  return measures.some(({ fn, value }) => fn === 'count' && value === component);
}

function cellOf({ axes }: Plan, row: readonly string[]): number {
  return axes.reduce((at, { labels }, axis) => {
    const on = Number(row[axis] ?? -1);
    if (!Number.isInteger(on) || on < 0 || on >= labels.length) misfit();
    return at * labels.length + on;
  }, 0);
}

/** Exact division: what is summed are multiples of the step. */
function inSteps(value: bigint, step: bigint): bigint {
  if (value % step !== 0n) misfit();
  return value / step;
}

function misfit(): never {
  throw new RangeError('tables: a result that does not fit its plan');
}
