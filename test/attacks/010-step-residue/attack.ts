/** Noise in steps on a sum that is not a multiple of the step; README.md says the rest. */
import { csvHeader, plan, utf8 } from '@reinraum/protocol';
import { samplerOf } from '../../../enclave/privacy/mechanism.ts';
import { Intake } from '../../../enclave/vault/intake.ts';
import { question, townSchema } from '../../support/attacked-town.ts';
import { ours } from '../../support/builds.ts';
import { unitOf } from '../../support/random-dataset.ts';
import { seededBits } from '../../support/seeded-bits.ts';
import { shown } from '../../support/wager.ts';
import { type Attack, judged } from '../attack.ts';

const trials = 8000;
const step = 100;
/** Incomes of 300 others, all known; their sum in euros. */
const others = 300;
const knownSum = others * 5000;
const sum = { fn: 'sum', column: 'r.income', clamp: [0, 10_000] };
const of = plan(question({ measure: sum, privacy: { rho: '1/20' } }), townSchema, {});

const residueOf = (published: number) => (((published - knownSum) % step) + step) % step;

/** Whether the real intake refuses an income off the grid. */
function isRefused(income: number): boolean {
  const intake = new Intake(townSchema, 10);
  intake.push(utf8(`${csvHeader(townSchema)}${unitOf(1)},alpha,30,f,no,${income}\n`));
  intake.end();
  return intake.findings.some(({ column, rule }) => column === 'income' && rule === 'domain');
}

export const attack: Attack = {
  id: '010',
  name: 'step residue',
  measure() {
    const bits = seededBits('attack 010');
    const incomes = Array.from({ length: trials }, () => bits.below(10_000));
    const [decider, value] = [of.measures[0]?.decider ?? 0, of.measures[0]?.value ?? 0];
    const noiseInSteps = samplerOf(
      of.components[value]?.mechanism ?? { kind: 'discreteLaplace', scale: { num: 1n, den: 1n } },
    );
    const unrounded = incomes.map((income) => knownSum + income + step * Number(noiseInSteps(bits)));
    const tables = incomes.map((income) => {
      const inSteps = BigInt(knownSum / step + Math.round(income / step));
      return of.components.map((_, at) => (at === value ? [inSteps] : at === decider ? [BigInt(others + 1)] : []));
    });
    const rounded = ours(of, tables, bits).map((answer) => step * (shown(answer) ?? 0));
    const found = (published: readonly number[]) => ({
      successes: incomes.filter((income, at) => residueOf(published[at] ?? 0) === income % step).length,
      trials,
    });
    const row = judged(found(unrounded), found(rounded), 1 / step);
    return { ...row, holds: row.holds && isRefused(4950) && !isRefused(4900) };
  },
};
