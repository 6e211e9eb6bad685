/** What an attack of the corpus is, and when its row holds (test/attacks/README.md). */

import type { Noise } from '@reinraum/protocol';

/** What an attacker achieved: so many successes in so many independent trials. */
export interface Tally {
  readonly successes: number;
  readonly trials: number;
}

/** A row of the table `npm run attacks` prints. */
export interface Row {
  /** What the attack achieves on a build with the protection in question removed. */
  readonly unprotected: string;
  /** What it achieves on the stages as they are. */
  readonly ours: string;
  /** What the design promises. */
  readonly bound: string;
  /** Whether the attack is real (it breaks the weakened build) and ours stays within the promise. */
  readonly holds: boolean;
}

/** One numbered attack. Its number and name are those of its folder. */
export interface Attack {
  readonly id: string;
  readonly name: string;
  readonly measure: () => Row | Promise<Row>;
  /** The exact integers of either world, where the attack tells two worlds apart; kept as `worlds.json`. */
  readonly worlds?: WorldsFile;
}

/** What another implementation needs to be measured in the same game (README.md, "For other implementations"). */
export interface WorldsFile {
  readonly bound: number;
  readonly answers: readonly {
    readonly k: number;
    /** Of the first measure: which function, and by position the tables that decide and that are released. */
    readonly fn: string;
    readonly decider: number;
    readonly value: number;
    /** Integers a cell, and noise, of each table. */
    readonly tables: readonly { readonly width: number; readonly noise: Noise }[];
    /** Per world and table the exact integers, cells in row-major order. */
    readonly worlds: readonly (readonly (readonly number[])[])[];
  }[];
}

/** False-alarm rate of one comparison of a measured success with a bound, over the choice of seeds. */
export const alphaOfOneBound = 1e-6;

/**
 * The row of a game the attacker wins or loses. It holds iff the success against the weakened build cannot be explained
 * by the bound, and the success against ours can: exact binomial upper tails, each at {@link alphaOfOneBound}. A row
 * whose attack breaks nothing does not hold either: it would prove nothing.
 */
export function judged(unprotected: Tally, ours: Tally, bound: number): Row {
  const isReal = upperTail(unprotected, bound) < alphaOfOneBound;
  const isWithin = upperTail(ours, bound) >= alphaOfOneBound;
  return {
    unprotected: rateOf(unprotected),
    ours: rateOf(ours),
    bound: `≤ ${percent(bound)}`,
    holds: isReal && isWithin,
  };
}

/** A row with what another way to the same secret achieves on ours; holds only where that stays within the bound too. */
export function alsoWithin(row: Row, name: string, ours: Tally, bound: number): Row {
  const isWithin = upperTail(ours, bound) >= alphaOfOneBound;
  return {
    ...row,
    ours: `${row.ours}; ${name} ${rateOf(ours)}`,
    holds: row.holds && isWithin,
  };
}

/** P(X ≥ successes) for X binomial with this many trials at probability p. */
export function upperTail({ successes, trials }: Tally, p: number): number {
  if (successes <= 0 || p >= 1) return 1;
  if (p <= 0) return 0;
  let log = trials * Math.log1p(-p);
  let tail = 0;
  for (let n = 0; n <= trials; n++) {
    if (n >= successes) tail += Math.exp(log);
    log += Math.log((trials - n) / (n + 1)) + Math.log(p) - Math.log1p(-p);
  }
  return Math.min(1, tail);
}

/** A measured rate with twice its standard error. */
function rateOf({ successes, trials }: Tally): string {
  const rate = successes / trials;
  const error = 2 * Math.sqrt((rate * (1 - rate)) / trials);
  return error === 0 ? percent(rate) : `${(100 * rate).toFixed(1)} ± ${percent(error)}`;
}

/** A share for people. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
