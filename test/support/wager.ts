/** The game of a distinguishing attack: a coin chooses one of two worlds, the attacker says which, from what is published. */
import { type Plan, type Rational, toNumber } from '@reinraum/protocol';
import type { FairBits } from '../../enclave/privacy/bits.ts';
import { deltaOf, posterior } from '../../enclave/protocol/epsilon.ts';
import type { Tally } from '../attacks/attack.ts';
import type { Tables } from './attacked-town.ts';
import type { Build, Published } from './builds.ts';

/** One answer the attacker gets: its plan, and its exact tables in either world. */
export interface Asked {
  readonly of: Plan;
  readonly worlds: readonly Tables[];
}

/** What an attacker makes of the answers: true for world 1, undefined where nothing speaks for either. */
export type Guess = (answers: readonly Published[]) => boolean | undefined;

/** Plays so many rounds against a build. Where the attacker has nothing to go by, a coin is thrown. */
export function wager(
  asked: readonly Asked[],
  guess: Guess,
  build: Build,
  { trials, bits }: { readonly trials: number; readonly bits: FairBits },
): Tally {
  const secrets = Array.from({ length: trials }, () => bits.bit());
  const answers = asked.map(({ of, worlds }) =>
    build(
      of,
      secrets.map((secret) => worlds[secret] ?? []),
      bits,
    ),
  );
  const wins = secrets.filter((secret, trial) => {
    const said = guess(answers.map((published) => published[trial] ?? []));
    return (said ?? bits.bit() === 1) === (secret === 1);
  });
  return { successes: wins.length, trials };
}

/** The first value of the first cell; undefined where it is hidden. */
export function shown(answer: Published | undefined, cell = 0, place = 0): number | undefined {
  const value = answer?.[cell]?.values[place];
  return value === undefined ? undefined : Number(value);
}

/** Σ weight · first value over answers; undefined where one of them is hidden. */
export function combined(answers: readonly Published[], weights: readonly number[]): number | undefined {
  return weights.reduce<number | undefined>((sum, weight, at) => {
    const value = shown(answers[at]);
    return sum === undefined || value === undefined ? undefined : sum + weight * value;
  }, 0);
}

/** The mean of the first values; undefined where one of them is hidden. */
export function mean(answers: readonly Published[]): number | undefined {
  return combined(
    answers,
    answers.map(() => 1 / answers.length),
  );
}

/** Whether a value lies above a midpoint; undefined on it and without a value. */
export function above(value: number | undefined, midpoint: number): boolean | undefined {
  return value === undefined || value === midpoint ? undefined : value > midpoint;
}

/**
 * The most an attacker can win of a coin at ρ-zCDP beside keep decisions of `delta`: (e^ε + δ(ε))/(1 + e^ε) + delta at the
 * ε where that is least (Kairouz, Oh, Viswanath 2015). Never more than the posterior the room states at its own δ.
 */
export function wonAtMost(rho: Rational, delta: number): number {
  let least = 1;
  for (let epsilon = 0; epsilon <= 40; epsilon += 0.01) {
    const rest = deltaOf(rho, epsilon);
    least = Math.min(least, posterior(0.5, epsilon) + rest * (1 - posterior(0.5, epsilon)));
  }
  return Math.min(1, least + delta);
}

/** The same under pure ε: what a prior of one half becomes at most. */
export function wonAtMostPure(epsilon: Rational, delta: number): number {
  return Math.min(1, posterior(0.5, toNumber(epsilon)) + delta);
}
