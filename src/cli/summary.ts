/** The one JSON summary of an example run. */
import { estimatesOf } from '@reinraum/protocol';
import type { Comparison } from '../example/reference.ts';
import type { ExampleRun } from '../example/run.ts';

/** Plain JSON: what arrived, what was answered, what it cost, what is left, and whether it verifies. */
export function summaryOf(run: ExampleRun, comparisons: readonly Comparison[]) {
  return {
    rooms: [{ id: run.room, digest: run.digest }],
    notice: run.notice,
    assurance: run.assurance,
    witnesses: 0,
    datasets: run.datasets.map(({ dataset, rows, ms }) => ({ dataset, rows, seconds: seconds(ms) })),
    releases: run.answers.map(({ query, parameters, answered, ms }) => {
      const { cells, measures } = answered.release;
      const estimates = cells.flatMap((cell) => measures.flatMap((_, at) => estimatesOf(cell, at)));
      const shown = estimates.filter((estimate) => estimate !== null).length;
      return {
        query: query.id,
        parameters,
        repeat: answered.isRepeat,
        entry: answered.accepted.index,
        k: answered.release.k,
        cuts: measures.map(({ cut }) => cut),
        shown,
        hidden: estimates.length - shown,
        seconds: seconds(ms),
      };
    }),
    budgets: run.balances,
    log: run.log,
    ...(comparisons.length === 0 ? {} : { comparisons }),
    verified: run.verdict.verified,
    keys: run.keys,
  };
}

function seconds(ms: number): number {
  return Math.round(ms) / 1000;
}
