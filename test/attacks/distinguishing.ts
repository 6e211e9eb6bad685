import { noiseOf } from '@reinraum/protocol';
import { type Build, ours } from '../support/builds.ts';
import { seededBits } from '../support/seeded-bits.ts';
import { type Asked, type Guess, wager } from '../support/wager.ts';
import { type Attack, judged, type WorldsFile } from './attack.ts';

/** Rounds against either build: twice the standard error of a rate is at most 1.1 points. */
const trials = 8000;

/** An attack that tells two worlds apart, measured against a weakened build and against the enclave's own stages. */
export function distinguishing(game: {
  readonly id: string;
  readonly name: string;
  /** The answers the attacker gets. */
  readonly asked: readonly Asked[];
  readonly guess: Guess;
  readonly weak: Build;
  /** The most the design lets anybody win, of 1. */
  readonly bound: number;
}): Attack {
  const { id, name, asked, guess, weak, bound } = game;
  return {
    id,
    name,
    worlds: { bound, answers: asked.map(answerOf) },
    measure() {
      const bits = seededBits(`attack ${id}`);
      const against = (build: Build) => wager(asked, guess, build, { trials, bits });
      return judged(against(weak), against(ours), bound);
    },
  };
}

function answerOf({ of, worlds }: Asked): WorldsFile['answers'][number] {
  const { fn = 'count', decider = 0, value = 0 } = of.measures[0] ?? {};
  return {
    k: of.k,
    fn,
    decider,
    value,
    tables: of.components.map(({ width, mechanism }) => ({ width, noise: noiseOf(mechanism) })),
    worlds: worlds.map((tables) => tables.map((table) => table.map(Number))),
  };
}
