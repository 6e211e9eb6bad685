/** Parameters out of the digests that stand in the log; README.md says the rest. */
import { canonicalText, commit, digestOf, toBase64 } from '@reinraum/protocol';
import { seededBits } from '../../support/seeded-bits.ts';
import { type Attack, judged } from '../attack.ts';

const trials = 4000;
/** What the template permits: every age. */
const permitted = Array.from({ length: 120 }, (_, age) => ({ age }));

export const attack: Attack = {
  id: '016',
  name: 'guessing parameters',
  measure() {
    const bits = seededBits('attack 016');
    const chosen = Array.from({ length: trials }, () => permitted[bits.below(permitted.length)] ?? { age: 0 });
    const salt = () => toBase64(Uint8Array.from({ length: 32 }, () => bits.below(256)));
    /** Digests of everything permitted; the attacker looks up the one it saw, else guesses. */
    const found = (digest: (value: { age: number }) => string, seen: (value: { age: number }) => string) => {
      const ages = new Map(permitted.map((value) => [digest(value), value.age]));
      const successes = chosen.filter((value) => (ages.get(seen(value)) ?? bits.below(permitted.length)) === value.age);
      return { successes: successes.length, trials };
    };
    const noSalt = toBase64(new Uint8Array(32));
    const committed = (value: { age: number }, own: string) =>
      commit('parameters', { salt: own, value: canonicalText(value) });
    return judged(
      found(digestOf, digestOf),
      found(
        (value) => committed(value, noSalt),
        (value) => committed(value, salt()),
      ),
      1 / permitted.length,
    );
  },
};
