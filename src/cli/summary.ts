/** The one JSON summary of an example run. */
import type { Comparison } from '../example/reference.ts';
import type { ExampleRun } from '../example/run.ts';
import { leftOf, shownIn } from './plan-table.ts';

/** Plain JSON: what arrived, what was answered, what it cost, what is left, and whether it verifies. */
export function summaryOf(run: ExampleRun, comparisons: readonly Comparison[]) {
  return {
    rooms: [{ id: run.room, digest: run.digest }],
    notice: run.notice,
    assurance: run.assurance,
    witnesses: run.witnesses.count,
    quorum: run.witnesses.quorum,
    datasets: run.datasets.map(({ dataset, rows, ms }) => ({ dataset, rows, seconds: seconds(ms) })),
    releases: run.answers.map(({ query, parameters, charges, answered, ms }) => {
      return {
        query: query.id,
        parameters,
        repeat: answered.isRepeat,
        entry: answered.accepted.index,
        k: answered.release.k,
        charges: answered.isRepeat ? [] : charges,
        cuts: answered.release.measures.map(({ cut }) => cut),
        ...shownIn(answered.release),
        seconds: seconds(ms),
      };
    }),
    tables: run.tables.map(({ table, derived }) => {
      const shown = derived.cells.filter(({ estimate }) => estimate !== null).length;
      return { table: table.id, shown, hidden: derived.cells.length - shown };
    }),
    budgets: run.balances.map((balance) => ({ ...balance, left: leftOf(balance) })),
    log: run.log,
    ...(comparisons.length === 0 ? {} : { comparisons }),
    verified: run.verdict.verified,
    keys: run.keys,
  };
}

function seconds(ms: number): number {
  return Math.round(ms) / 1000;
}
