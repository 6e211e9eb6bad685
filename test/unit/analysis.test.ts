/** Every finding of the analysis on small schemas (docs/spec/analysis.md). */
import {
  analyse,
  DerivedTable,
  digestOf,
  type Finding,
  type FindingCode,
  findingCodes,
  gravest,
  type Json,
} from '@reinraum/protocol';
import { afterAll, describe, expect, test } from 'vitest';
import {
  adults,
  brief,
  charter,
  codes,
  everybody,
  firms,
  findings as found,
  people,
  query,
  rows,
} from '../support/analysed.ts';

const seen = new Set<FindingCode>();
afterAll(() => {
  expect([...seen].sort()).toEqual([...findingCodes].sort());
});
function findings(...asked: Parameters<typeof found>): Finding[] {
  const list = found(...asked);
  for (const { code } of list) seen.add(code);
  return list;
}

describe('predicates', () => {
  test('a wide part that only the difference shows is a warning, with the part and the assumed rows', () => {
    const [finding, ...more] = findings(adults, [everybody]);
    expect(finding).toMatchObject({ code: 'predicate-subset', severity: 'warn', field: 'where' });
    expect(finding?.with).toEqual([{ id: 'everybody', digest: digestOf(everybody as Json) }]);
    expect(finding?.values).toMatchObject({ slice: '18 %', rows: 18_000, aligned: 'no' });
    expect(finding?.text.en).toContain('everybody');
    expect(brief(more)).toEqual([]);
  });

  test('a part of fewer rows than k is refused; without an assumption it is a warning', () => {
    const nearly = query('nearly', { where: { not: { all: [{ eq: ['p.age', 99] }, { eq: ['p.area', 'n'] }] } } });
    expect(brief(findings(nearly, [everybody], { rows: { people: 3000 } }))).toContain(
      'refuse predicate-subset where everybody',
    );
    expect(brief(findings(nearly, [everybody], { rows: {} }))).toEqual([
      'warn predicate-subset where everybody',
      'note cells-unassessed from.dataset',
    ]);
  });

  test('a part that is released on its own is a note', () => {
    const bands = query('bands', { groupBy: [{ column: 'p.age', as: 'age', edges: [0, 18, 65] }] });
    expect(brief(findings(adults, [bands]))).toEqual(['note predicate-subset where bands']);
    const other = query('other', { groupBy: [{ column: 'p.age', as: 'age', edges: [0, 21, 65] }] });
    expect(brief(findings(adults, [other]))).toEqual(['warn predicate-subset where other']);
  });

  test('keys that leave a class out are a predicate too', () => {
    const three = query('three', { groupBy: [{ column: 'p.area', as: 'area', keys: ['n', 'e', 's'] }] });
    expect(brief(findings(three, [everybody]))).toEqual(['warn predicate-subset groupBy everybody']);
  });

  test('rates differ by a part as predicates do, and a rate beside its own whole is none', () => {
    const rate = (id: string, from: number) =>
      query(id, { measures: [{ as: 'old', fn: 'rate', of: { gte: ['p.age', from] } }] });
    expect(brief(findings(rate('a', 65), [rate('b', 66)], { rows: { people: 900 } }))).toContain(
      'refuse predicate-subset measures.0.of b',
    );
    expect(brief(findings(rate('a', 65), [everybody]))).toEqual([]);
  });

  test('complements are a warning, of one question’s own parameters a note', () => {
    const of = (id: string, sex: string, params: object = {}) =>
      query(id, { params, where: { eq: ['p.sex', sex] }, groupBy: [{ column: 'p.area', as: 'area' }] });
    expect(brief(findings(of('women', 'f'), [of('men', 'm')]))).toEqual(['warn predicate-complement where men']);
    expect(brief(findings(of('either', '$sex', { sex: { oneOf: ['f', 'm'] } }), []))).toEqual([
      'note predicate-complement params',
    ]);
  });

  test('parameters of one question that differ by a narrow part are refused', () => {
    const from = query('from', { params: { age: { oneOf: [18, 19] } }, where: { gte: ['p.age', '$age'] } });
    expect(brief(findings(from, [], { rows: { people: 500 } }))).toContain('refuse predicate-subset params');
    expect(brief(findings(from, [], { rows: { people: 50_000 } }))).toEqual(['warn predicate-subset params']);
  });

  test('what is too much to decide says so, and classes are compared all the same', () => {
    const ages = Array.from({ length: 65 }, (_, at) => at);
    const many = query('many', {
      params: { age: { oneOf: ages } },
      where: { gte: ['p.age', '$age'] },
      groupBy: [{ column: 'p.area', as: 'area', groups: [{ ...codes('ne')[0], of: ['n', 'e'] }] }],
    });
    const crossing = query('crossing', {
      groupBy: [{ column: 'p.area', as: 'area', groups: [{ ...codes('es')[0], of: ['e', 's'] }] }],
    });
    expect(brief(findings(many, [crossing]))).toEqual([
      'refuse split-overlap groupBy.0 crossing',
      'warn selection-undecided params',
      'warn selection-undecided params crossing',
    ]);
  });

  test('predicates of too many cases are not compared, and it says so', () => {
    const oneOf = (name: string, from: number, step: number) => ({
      any: [0, 1].map((half) => ({
        any: Array.from({ length: 32 }, (_, at) => ({ eq: [name, from + (32 * half + at) * step] })),
      })),
    });
    const spots = (id: string, from: number) =>
      query(id, {
        where: {
          all: [
            oneOf('p.age', 0, 1),
            { any: [...['n', 'e', 's'].map((area) => ({ eq: ['p.area', area] })), { eq: ['p.sex', 'f'] }] },
            oneOf('p.income', from, 200),
            oneOf('p.income', from + 100, 500),
          ],
        },
      });
    const wide = query('wide', {
      where: { any: [{ eq: ['p.area', 'n'] }, { eq: ['p.sex', 'f'] }, { is: ['p.income', 'missing'] }] },
    });
    expect(brief(findings(spots('a', 0), [spots('b', 40_000)], { rows: { people: 1e9 } }))).toContain(
      'warn selection-undecided where b',
    );
    expect(brief(findings(spots('a', 0), [wide], { rows: { people: 1e9 } })).join()).not.toContain('undecided');
  });

  test('questions on different datasets or on disjoint rows are not compared', () => {
    expect(brief(findings(adults, [query('firms-count', { from: { dataset: 'firms', as: 'p' } })]))).toEqual([]);
    const young = query('young', { where: { lt: ['p.age', 10] } });
    expect(brief(findings(adults, [young]))).toEqual([]);
  });
});

describe('geographies and totals', () => {
  const areas = (id: string, groups: Record<string, string[]>, change: object = {}) =>
    query(id, {
      groupBy: [
        {
          column: 'p.area',
          as: 'area',
          groups: Object.entries(groups).map(([code, of]) => ({ ...codes(code)[0], of })),
        },
      ],
      ...change,
    });
  const halves = areas('halves', { ne: ['n', 'e'], sw: ['s', 'w'] });

  test('classes that are neither equal nor nested are refused, and named', () => {
    const crossed = areas('crossed', { nw: ['n', 'w'], es: ['e', 's'] });
    const [finding] = findings(crossed, [halves]);
    expect(finding).toMatchObject({ code: 'split-overlap', severity: 'refuse', field: 'groupBy.0' });
    expect(finding?.values).toMatchObject({ column: 'area', a: 'nw', b: 'ne' });
  });

  test('so are classes of a measure', () => {
    const bands = (id: string, edge: number) =>
      query(id, { measures: [{ as: 'ages', fn: 'histogram', column: 'p.age', edges: [0, edge, 65] }] });
    expect(brief(findings(bands('a', 18), [bands('b', 20)]))).toEqual(['refuse split-overlap measures.0 b']);
  });

  test('nested ones are a note: a total gives a single hidden part away', () => {
    const single = query('single', { groupBy: [{ column: 'p.area', as: 'area' }] });
    const [finding, ...more] = findings(halves, [single]);
    expect(brief([...(finding ? [finding] : []), ...more])).toEqual(['note coarser-total measures.0 single']);
    expect(finding?.values).toMatchObject({ coarse: 'halves.persons', fine: 'single.persons' });
  });

  test('inside one answer that is a warning', () => {
    const both = query('both', {
      measures: [
        { as: 'persons', fn: 'count' },
        { as: 'ages', fn: 'histogram', column: 'p.age', edges: [0, 18, 65] },
      ],
    });
    expect(brief(findings(both, []))).toEqual(['warn coarser-total measures.0']);
  });

  test('a table’s total that another question releases is a warning where it is just that, else a note', () => {
    const fine = query('fine', {
      groupBy: [
        { column: 'p.area', as: 'area' },
        { column: 'p.sex', as: 'sex' },
      ],
    });
    const table = DerivedTable.parse({
      ...Object.fromEntries(
        Object.entries(fine).filter(
          ([key]) => !['population', 'from', 'groupBy', 'measures', 'privacy', 'slotMs'].includes(key),
        ),
      ),
      kind: 'DerivedTable',
      id: 'table',
      inputs: {
        now: { query: digestOf(fine as Json), measure: 'persons' },
        before: { query: digestOf(fine as Json), measure: 'persons' },
      },
      axes: [
        { as: 'area', from: { now: 'area', before: 'area' } },
        { as: 'sex', from: { now: 'sex', before: 'sex' }, total: codes('all')[0] },
      ],
      measure: { as: 'change', fn: 'change', of: 'now', since: 'before' },
    });
    const single = query('single', { groupBy: [{ column: 'p.area', as: 'area' }] });
    expect(brief(findings(table, [fine]))).toEqual([]);
    expect(brief(findings(table, [fine, single]))).toContain('warn total-with-hidden-part axes.1.total single');
    expect(brief(findings(table, [fine, halves]))).toContain('note total-with-hidden-part axes.1.total halves');
  });
});

describe('near-duplicates', () => {
  test('equal meaning under another name, other noise and another spelling is charged twice', () => {
    const again = query('again', {
      where: { any: [{ gte: ['p.age', 0] }, { eq: ['p.sex', 'f'] }] },
      groupBy: [
        { column: 'p.sex', as: 'gender', groups: ['m', 'f'].map((code) => ({ ...codes(code)[0], of: [code] })) },
      ],
      measures: [{ as: 'n', fn: 'count' }],
      privacy: { mechanism: 'discreteGaussian', rho: '1/64', k: 20 },
    });
    const [finding] = findings(again, [everybody]);
    expect(finding).toMatchObject({ code: 'near-duplicate', severity: 'warn', field: 'measures.0' });
    const histogram = query('histogram', {
      groupBy: [{ column: 'p.area', as: 'area' }],
      measures: [{ as: 'sexes', fn: 'histogram', column: 'p.sex' }],
    });
    const crossed = query('crossed', {
      groupBy: [
        { column: 'p.area', as: 'area' },
        { column: 'p.sex', as: 'sex' },
      ],
    });
    expect(brief(findings(histogram, [crossed]))).toEqual(['warn near-duplicate measures.0 crossed']);
  });

  test('measures of values are told apart by column and clamp, rates by their truth', () => {
    const of = (id: string, measure: object) => query(id, { measures: [{ as: 'm', ...measure }] });
    const mean = { fn: 'mean', column: 'p.age', clamp: [0, 99] };
    expect(brief(findings(of('a', mean), [of('b', mean)]))).toEqual(['warn near-duplicate measures.0 b']);
    expect(brief(findings(of('a', mean), [of('b', { ...mean, clamp: [0, 90] })]))).toEqual([]);
    const old = { fn: 'rate', of: { gte: ['p.age', 65] } };
    expect(brief(findings(of('a', old), [of('b', { fn: 'rate', of: { lt: ['p.age', 65] } })]))).toEqual([
      'warn near-duplicate measures.0 b',
    ]);
  });
});

describe('cells, clamps and price', () => {
  test('cells below k are refused, below the cut warned of', () => {
    const one = query('one');
    expect(brief(findings(one, [], { rows: { people: 18 } }))).toEqual(['refuse cells-hidden measures.0']);
    expect(brief(findings(one, [], { rows: { people: 40 } }))).toEqual(['warn cells-hidden measures.0']);
    expect(brief(findings(one, [], { rows: { people: 74 } }))).toEqual(['note cells-hidden measures.0']);
    expect(brief(findings(one, [], { rows: { people: 400 } }))).toEqual([]);
  });

  test('a clamp above the allowed part of a cell’s expected sum is a warning that says which part', () => {
    const sum = query('sum', { measures: [{ as: 'total', fn: 'sum', column: 'p.age', clamp: [0, 50] }] });
    const [finding] = findings(sum, [], { rows: { people: 198 } });
    expect(finding).toMatchObject({ code: 'clamp-dominates', severity: 'warn', field: 'measures.0' });
    expect(finding?.values).toMatchObject({ clamp: 50, units: 99, q: 10, mean: 10 });
    expect(brief(findings(sum, [], { rows: { people: 200 } }))).toEqual([]);
    expect(brief(findings(sum, [], { rows: { people: 198 }, meanPercent: 20 }))).toEqual([]);
  });

  test('a unit in several cells is priced', () => {
    const panel = query('panel', { from: { dataset: 'firms', as: 'p' }, groupBy: [{ column: 'p.quarter', as: 'q' }] });
    const [finding] = findings(panel, []);
    expect(finding).toMatchObject({ code: 'several-cells', severity: 'note', field: 'groupBy' });
    expect(finding?.values).toEqual({ cells: 2, decisions: 2, delta: '1/50000000', loss: 'ρ 1/32' });
  });

  test('a run above the cap is refused, a plan above it warned of', () => {
    const rho = (id: string, value: string) =>
      query(id, { where: { lt: ['p.age', 50] }, privacy: { mechanism: 'discreteGaussian', rho: value, k: 10 } });
    expect(brief(findings(rho('dear', '1/3'), []))).toEqual(['refuse price-over-cap privacy.rho']);
    const rest = query('rest', {
      where: { gte: ['p.age', 60] },
      privacy: { mechanism: 'discreteGaussian', rho: '1/8', k: 10 },
    });
    expect(brief(findings(rho('half', '1/4'), [rest]))).toEqual(['warn plan-over-cap privacy.rho']);
    const [plan] = findings(rho('half', '1/8'), [rest]);
    expect(plan).toMatchObject({ code: 'plan-price', severity: 'note' });
    expect(plan?.values).toMatchObject({ population: 'person', price: 'ρ 1/4, δ 1/50000000', questions: 2 });
  });
});

test('an analysis is a function of the policies, not of the order they are known in', () => {
  const known = [everybody, adults, query('more', { where: { lt: ['p.age', 18] } })];
  const context = { charter, schemas: [people, firms], rows };
  const question = query('question', { where: { gt: ['p.age', 17] } });
  const one = analyse(question, { ...context, known });
  expect(analyse(question, { ...context, known: [...known, question].toReversed() })).toEqual(one);
  expect(gravest(one.findings)).toBe('warn');
  expect(gravest([])).toBeUndefined();
});
