/** The shipped policies under analysis: nothing is refused, every warning is known, and what would be wrong is found. */
import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AggregateQuery, Analysis, analyse } from '@reinraum/protocol';
import { describe, expect, test } from 'vitest';
import { repositoryRoot } from '../../src/cli/root.ts';
import { type AssumedPolicies, analysePolicies, loadAssumed } from '../../src/example/policy-analysis.ts';

const folder = (room: string) => join(repositoryRoot, 'policies', room);

const briefOf = (analyses: readonly Analysis[]) =>
  analyses.flatMap(({ question, findings }) =>
    findings.map(({ severity, code, with: others }) =>
      [severity, code, question.id, ...others.map(({ id }) => id)].join(' '),
    ),
  );

test.each([
  // Two counts of a rate beside a histogram of the same companies: the policy's comment says why it stays.
  ['neuss', ['warn coarser-total betriebsgroessen']],
  ['koeln', []],
  ['pums', []],
  ['pums-pure', []],
])('%s: nothing is refused, and it warns of just what its comments speak of', async (room, warnings) => {
  const assumed = await loadAssumed(folder(room), {});
  const brief = briefOf(analysePolicies(assumed));
  expect(brief.filter((line) => !line.startsWith('note '))).toEqual(warnings);
  expect(brief.filter((line) => line.includes('unassessed') || line.includes('undecided'))).toEqual([]);
});

describe('neuss, with a question more', () => {
  const withChange = ({ policies, rows }: AssumedPolicies, id: string, change: object) => {
    const shipped = policies.queries.find((query) => query.id === id);
    const question = AggregateQuery.parse({ ...shipped, id: 'neu', ...change });
    const { template, schemas, queries } = policies;
    return briefOf([analyse(question, { charter: template, schemas, known: queries, rows })]);
  };
  const group = (code: string, ...of: string[]) => ({ code, de: code, en: code, of });
  const privacy = { mechanism: 'discreteGaussian', rho: '1/128', k: 10 };

  test.each([
    ['the same again', 'sgb2', {}, 'warn near-duplicate neu sgb2'],
    [
      // The harbour district is merged with another one everywhere else.
      'areas cut differently',
      'sgb2',
      { groupBy: [{ column: 'b.district', groups: [group('X', '02', '03')], as: 'area' }] },
      'refuse split-overlap neu sgb2',
    ],
    [
      'one industry less',
      'firmenbestand-abschnitte',
      { where: { all: [{ eq: ['f.quarter', '$quarter'] }, { ne: ['f.wz', '08-O'] }] } },
      'warn predicate-subset neu firmenbestand',
    ],
    [
      'one year of age less',
      'bevoelkerung',
      { where: { lt: ['r.age', 120] } },
      'warn predicate-subset neu bevoelkerung',
    ],
    [
      'single years of age',
      'bevoelkerung',
      {
        groupBy: [
          { column: 'r.district', as: 'district' },
          { column: 'r.age', edges: Array.from({ length: 121 }, (_, at) => at), as: 'age' },
          { column: 'r.sex', as: 'sex' },
        ],
      },
      'warn cells-hidden neu',
    ],
    ['more than the cap', 'bevoelkerung', { privacy: { ...privacy, rho: '1/5' } }, 'refuse price-over-cap neu'],
  ])('%s', async (_, id, change, expected) => {
    const assumed = await loadAssumed(folder('neuss'), {});
    expect(withChange(assumed, id, change)).toContain(expected);
  });
});

describe('the command line', () => {
  const reinraum = (...words: string[]) =>
    spawnSync(process.execPath, [join(repositoryRoot, 'src/cli/main.ts'), ...words], { encoding: 'utf8' });

  test('analyses a draft offline, as JSON, and says by its exit code whether it must not be approved', async () => {
    const copy = await mkdtemp(join(tmpdir(), 'reinraum-analyse-'));
    try {
      await cp(folder('pums'), copy, { recursive: true });
      const policies = ['--policies', folder('pums')];
      const draft = join(copy, 'queries', 'bildung.yaml');
      const fine = reinraum('query', 'analyse', draft, ...policies, '--json');
      expect(fine.status).toBe(0);
      expect(Analysis.parse(JSON.parse(fine.stdout)).question.id).toBe('bildung');
      const few = reinraum('query', 'analyse', draft, ...policies, '--rows', 'pums=100');
      expect(few.status).toBe(1);
      expect(few.stdout).toMatch(/^ABLEHNEN \/ REFUSE {2}cells-hidden {2}measures\.0: /m);
      const shipped = await readFile(draft, 'utf8');
      await writeFile(draft, shipped.replace('k: 10', 'k: 9'));
      const below = reinraum('query', 'analyse', draft, ...policies);
      expect(below.status).toBe(1);
      expect(below.stderr).toContain('privacy.k: k-below-floor');
    } finally {
      await rm(copy, { recursive: true });
    }
  });

  test('says what a wanted exactness costs everyone it is about, as JSON, or that there is no such loss', () => {
    const priced = (units: string, ...more: string[]) => {
      const draft = join(folder('neuss'), 'queries', 'q15-firmenbestand.yaml');
      const words = ['--policies', folder('neuss'), '--half-width', 'companies=10', '--units', units];
      return reinraum('query', 'price', draft, ...words, '--param', 'quarter=2024-Q4', ...more);
    };
    const { privacy, preview } = JSON.parse(priced('300', '--json').stdout);
    expect(preview.measures[0].halfWidth).toBeLessThanOrEqual(10);
    expect(preview.measures[0].shown).toBeGreaterThan(0.95);
    expect(preview.charges).toEqual(
      ['company', 'person'].map((population) => ({ population, rho: privacy.rho, delta: expect.any(String) })),
    );
    expect(priced('300').stdout).toMatch(
      /^Preis \/ price: ρ [0-9/]+, δ [0-9/]+ \(person\)\nLäufe übrig \/ runs left: [1-9]/m,
    );
    // Fewer units than k: no loss shows them.
    const hidden = priced('4');
    expect(hidden.status).toBe(1);
    expect(hidden.stderr).toContain('no loss shows such cells so exactly');
  });

  test('says what is missing', () => {
    expect(reinraum('query', 'analyse', '00').stderr).toContain(
      'name --policies, or --url, --room, --charter and --key',
    );
    const rows = reinraum('query', 'analyse', 'x.yaml', '--policies', folder('pums'), '--rows', 'pums');
    expect(rows.stderr).toContain('write dataset=number');
  });

  test('charter check lists what is allotted of a budget, and names an allotment that extends it', async () => {
    const copy = await mkdtemp(join(tmpdir(), 'reinraum-analyse-'));
    try {
      await cp(folder('neuss'), copy, { recursive: true });
      const file = join(copy, 'charter.yaml');
      const shipped = await readFile(file, 'utf8');
      const divided = (rho: string) => {
        const budget = 'budget: { rho: "3/16", delta: "1/1000000" }\n';
        const parts = [`{ for: { party: stadt-neuss }, rho: "${rho}", delta: "1/2000000" }`];
        parts.push(`{ for: { each: analyst }, rho: "1/16", delta: "1/1000000" }`);
        return writeFile(file, shipped.replace(budget, `${budget}    allotments: [${parts.join(', ')}]\n`));
      };
      await divided('1/8');
      const checked = reinraum('charter', 'check', copy);
      expect(checked.status).toBe(0);
      expect(checked.stdout).toMatch(/^population person: cap ρ 3\/16 .*\n {2}of it party stadt-neuss: cap ρ 1\/8 /m);
      expect(checked.stdout).toMatch(
        /^ {2}of it each analyst: cap ρ 1\/16 \(ε [0-9.]+ at δ 1\/1000000\), δ 1\/1000000$/m,
      );
      await divided('1/4');
      const extended = reinraum('charter', 'check', copy);
      expect(extended.status).not.toBe(0);
      expect(extended.stderr).toContain('populations.person.allotments.0: more than the budget');
    } finally {
      await rm(copy, { recursive: true });
    }
  });

  test('charter check shows findings of the whole folder and refuses what must not be approved', async () => {
    const checked = reinraum('charter', 'check', folder('neuss'));
    expect(checked.status).toBe(0);
    expect(checked.stdout).toMatch(/^betriebsgroessen: Warnung \/ warning {2}coarser-total/m);
    expect(checked.stdout.match(/plan-price/g)).toHaveLength(2);
    const copy = await mkdtemp(join(tmpdir(), 'reinraum-analyse-'));
    try {
      await cp(folder('pums'), copy, { recursive: true });
      const file = join(copy, 'queries', 'einkommen.yaml');
      const shipped = await readFile(file, 'utf8');
      const draft = shipped.replace('id: einkommen\n', 'id: einkommen-quer\n').replace('"8"] }', '"8", "9"] }');
      await writeFile(join(copy, 'queries', 'quer.yaml'), draft.replace('of: ["9", ', 'of: ['));
      const crossed = reinraum('charter', 'check', copy);
      expect(crossed.stdout).toMatch(
        /^einkommen-quer: ABLEHNEN \/ REFUSE {2}split-overlap {2}groupBy\.0 \(einkommen\)/m,
      );
      expect(crossed.status).toBe(1);
    } finally {
      await rm(copy, { recursive: true });
    }
  });
});
