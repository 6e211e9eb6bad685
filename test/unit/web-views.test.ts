/** What the screens make of catalogue and release, without a browser. */
import { namedSchema } from '@reinraum/client';
import { AggregateQuery, among, type Catalogue, DerivedTable, type Release } from '@reinraum/protocol';
import { describe, expect, test } from 'vitest';
import { legalBasisTitle } from '../../src/client/legal-basis.ts';
import { budgetView, lossText, runsLeft } from '../../src/web/budget.ts';
import { questionsOf } from '../../src/web/questions.ts';
import { parameterName, parameterTitle, releaseView } from '../../src/web/release-view.ts';
import { hrefOf, parseRoute } from '../../src/web/route.ts';
import { tableFile } from '../../src/web/table-file.ts';
import { tableView } from '../../src/web/table-view.ts';
import { de } from '../../src/web/texts/de.ts';
import { en } from '../../src/web/texts/en.ts';
import { byDistrict, residents, template } from '../support/small-room.ts';

const digest = 'a'.repeat(64);
const cell = (key: string[], value: number | null) => ({
  key,
  values: [value === null ? null : { value, low: value - 4, high: value + 4 }],
});
const noise = { kind: 'discreteGaussian', variance: '4' };
const noised = { noise, cut: 6 };
const release = {
  axes: [
    { as: 'district', labels: ['alpha', 'beta'] },
    { as: 'age', labels: ['0-17', '65+'] },
  ],
  measures: [{ as: 'persons', fn: 'count', unit: null, decimals: 0, labels: null, ...noised }],
  k: 5,
  cells: [
    cell(['alpha', '0-17'], 1234),
    cell(['alpha', '65+'], null),
    cell(['beta', '0-17'], null),
    cell(['beta', '65+'], 7),
  ],
} as unknown as Release;
const titled = {
  ...residents,
  columns: residents.columns.map((column) =>
    column.type === 'code'
      ? { ...column, codes: column.codes.map(({ code }) => ({ code, de: `=${code};"de"`, en: `${code} en` })) }
      : column,
  ),
};
const plain = namedSchema(byDistrict, among([residents]));
const named = namedSchema(byDistrict, among([titled]));

const balance = { population: 'person', delta: { cap: '1/1000', spent: '0' }, epsilon: { cap: 5, spent: 0 } };
function catalogue(spent: string, more: Partial<Catalogue['queries'][number]> = {}): Catalogue {
  const charges = [{ population: 'person', rho: '1/8', delta: '1/100000000' }];
  return {
    charter: template() as unknown as Catalogue['charter'],
    size: 9,
    datasets: [{ dataset: 'residents', version: 1, state: 'admitted', manifest: digest }],
    queries: [
      { digest, query: byDistrict, revoked: false, suspended: null, missing: [], charges, releases: 0, ...more },
    ],
    balances: [{ ...balance, loss: { cap: '1', spent } }],
    tables: [],
    retractions: [],
    members: [],
    recoveries: [],
  };
}
const analyst = { ref: 'm-1', unit: 'city/planning' };
const asker = { ...analyst, purpose: 'planning' };
const stateOf = (of: Catalogue, day = '2030-01-01') => questionsOf(of, day, analyst)[0]?.state;

describe('a budget', () => {
  test.each([
    ['0', 8],
    ['1/8', 7],
    ['7/8', 1],
    ['15/16', 0],
    ['1', 0],
  ])('with ρ %s of 1 spent pays ρ 1/8 still %i times', (spent, times) => {
    const shown = catalogue(spent);
    expect(runsLeft(shown.queries[0]?.charges ?? [], shown, asker)).toBe(times);
  });

  test('is bounded by δ too, and a population without balance pays nothing', () => {
    const charge = { population: 'person', rho: '1/1000000', delta: '1/3000' };
    const shown = catalogue('0');
    expect(runsLeft([charge], shown, asker)).toBe(3);
    expect(runsLeft([{ ...charge, population: 'other' }], shown, asker)).toBe(0);
    expect(runsLeft([charge, { ...charge, delta: '1/1000' }], shown, asker)).toBe(1);
  });

  test('is divided by allotments: only those of who asks count, by their own balance', () => {
    const base = catalogue('1/4');
    const [person] = base.charter.populations;
    const delta = { cap: '1/1000', spent: '0' };
    const allotments = [
      { for: { party: 'city' }, rho: '1/2', delta: '1/1000' },
      { for: { each: 'analyst' as const }, rho: '3/8', delta: '1/1000' },
    ];
    const epsilon = { cap: 5, spent: 0 };
    const parts = [
      { account: 'person party/city', loss: { cap: '1/2', spent: '1/4' }, delta, epsilon },
      { account: 'person analyst/m-1', loss: { cap: '3/8', spent: '1/4' }, delta, epsilon },
      { account: 'person analyst/m-2', loss: { cap: '3/8', spent: '0' }, delta, epsilon },
    ];
    const shown = {
      ...base,
      charter: { ...base.charter, populations: [{ ...person, allotments }] } as Catalogue['charter'],
      balances: base.balances.map((one) => ({ ...one, allotments: parts })),
    };
    const left = (of: Partial<typeof asker>) => {
      return runsLeft(base.queries[0]?.charges ?? [], shown, { ...asker, ...of });
    };
    expect([left({}), left({ ref: 'm-2' }), left({ ref: 'm-2', unit: 'bureau/data' })]).toEqual([1, 2, 3]);
    // An allotment of which the catalogue says nothing is one of which nothing is left.
    expect(left({ ref: 'm-3' })).toBe(0);
    expect(questionsOf(shown, '2030-01-01', analyst)[0]).toMatchObject({ state: 'open', runsLeft: 1 });
    expect(shown.balances.map(budgetView)[0]?.allotments).toMatchObject([
      { account: 'person party/city', loss: { left: '1/4' } },
      { account: 'person analyst/m-1', loss: { left: '1/8' } },
      { account: 'person analyst/m-2', loss: { left: '3/8' } },
    ]);
  });

  test('says what is left and what a suspicion may become', () => {
    const view = budgetView({ ...balance, loss: { cap: '1', spent: '3/8' }, epsilon: { cap: 5, spent: Math.log(9) } });
    expect(view).toMatchObject({ share: 0.375, loss: { left: 0.625 } });
    // Odds 1 : 9, multiplied by nine.
    expect(view.suspicion).toBeCloseTo(0.5);
    expect(budgetView({ ...balance, loss: { cap: '1', spent: '0' } }).suspicion).toBeCloseTo(0.1);
  });
});

test('a loss is written in the unit of its accountant', () => {
  expect([lossText({ rho: '1/64' }), lossText({ epsilon: '1/4' })]).toEqual(['ρ 1/64', 'ε 1/4']);
});

describe('a question', () => {
  test.each([
    ['open', catalogue('0'), '2030-01-01'],
    ['open', catalogue('7/8'), '2035-12-31'],
    ['exhausted', catalogue('15/16'), '2030-01-01'],
    ['expired', catalogue('0'), '2036-01-01'],
    ['missing', catalogue('0', { missing: ['dpo city'] }), '2036-01-01'],
    ['revoked', catalogue('0', { missing: ['dpo city'], revoked: true }), '2036-01-01'],
    ['suspended', catalogue('0', { suspended: 7 }), '2030-01-01'],
    ['nodata', { ...catalogue('0'), datasets: [] }, '2030-01-01'],
  ])('is %s', (state, of, day) => {
    expect(stateOf(of, day)).toBe(state);
  });
});

const natural = { naturalLow: 'natural low', naturalHigh: 'natural high' };

describe('a release', () => {
  test('has titles for codes, bands in words, and null where it is hidden', () => {
    const view = releaseView(release, byDistrict, plain, 'de');
    expect(view.axes.map(({ title }) => title)).toEqual(['Bezirk', 'Alter (Jahre)']);
    expect(view.rows.map(({ titles }) => titles[1])).toEqual(['0 – 17', '65 und mehr', '0 – 17', '65 und mehr']);
    expect(view.rows[1]?.values).toEqual([null]);
    expect(releaseView(release, byDistrict, named, 'en').rows[0]?.titles).toEqual(['alpha en', '0 – 17']);
    // Without the schema the codes themselves are shown.
    expect(releaseView(release, byDistrict, undefined, 'en').axes[0]).toMatchObject({ title: 'district' });
  });

  test('has a column for every measure, in its unit; a hidden measure hides all its classes', () => {
    const measured = AggregateQuery.parse({
      ...byDistrict,
      measures: [
        { as: 'rate', fn: 'rate', of: { eq: ['r.sex', 'f'] } },
        { as: 'by-sex', fn: 'histogram', column: 'r.sex' },
        { as: 'debt', fn: 'mean', column: 'r.age', clamp: [0, 100] },
        { as: 'median', fn: 'quantile', column: 'r.age', q: '1/2', edges: [0, 50] },
      ],
    });
    const estimate = (value: number) => ({ value, low: value - 1, high: value + 1 });
    const of = {
      ...release,
      measures: [
        { as: 'rate', fn: 'rate', unit: null, decimals: 4, labels: null },
        { as: 'by-sex', fn: 'histogram', unit: null, decimals: 0, labels: ['f', 'm'], ...noised },
        { as: 'debt', fn: 'mean', unit: 'cent', decimals: 0, labels: null },
        { as: 'median', fn: 'quantile', unit: 'year', decimals: 1, labels: null },
      ],
      cells: [
        { key: ['alpha', '0-17'], values: [estimate(1234), [estimate(7), null], estimate(250_050), estimate(415)] },
        { key: ['alpha', '65+'], values: [null, null, null, null] },
      ],
    } as unknown as Release;
    const view = releaseView(of, measured, named, 'en');
    expect(view.columns.map(({ title, decimals }) => [title, decimals])).toEqual([
      ['Share rate (%)', 2],
      ['Geschlecht: f en', 0],
      ['Geschlecht: m en', 0],
      ['Mean Alter (euros)', 2],
      ['Median Alter (years)', 1],
    ]);
    expect(view.rows[0]?.values.map((shown) => shown?.value ?? null)).toEqual([12.34, 7, null, 2500.5, 41.5]);
    expect(view.rows[1]?.values).toEqual([null, null, null, null, null]);
  });

  test('of a hierarchy has a table a level, with whole numbers that add up, on the screen and in the file', () => {
    const group = (code: string, ...of: string[]) => ({ code, de: `${code} de`, en: `${code} en`, of });
    const levels = [{ as: 'city', title: { de: 'Stadt', en: 'City' }, groups: [group('all', 'alpha', 'beta')] }];
    const query = AggregateQuery.parse({
      ...byDistrict,
      groupBy: [{ column: 'r.district', as: 'district', keys: ['alpha', 'beta'] }],
      hierarchy: { axis: 'district', levels },
      measures: [{ as: 'persons', fn: 'count' }],
    });
    const cell = (key: string, value: number, by: number) => ({
      key: [key],
      values: [{ value, low: value - by, high: value + by }],
    });
    const counted = { as: 'persons', fn: 'count', unit: null, decimals: 0, labels: null, ...noised };
    const of = {
      ...release,
      axes: [{ as: 'district', labels: ['alpha', 'beta'] }],
      measures: [counted],
      cells: [cell('alpha', 60, 1), cell('beta', 44, 9)],
      hierarchy: {
        axis: 'district',
        levels: [{ as: 'city', labels: ['all'], groupOf: [0, 0], noise, cut: 9, cells: [cell('all', 110, 9)] }],
      },
    } as unknown as Release;
    const view = releaseView(of, query, named, 'en');
    expect(view.rows.map(({ whole }) => whole)).toMatchObject([
      { value: 62, isOutside: true },
      { value: 46, isOutside: false },
    ]);
    const [city] = view.levels ?? [];
    expect(city?.axes[0]).toEqual({ id: 'city', title: 'City', labels: [{ label: 'all', title: 'all en' }] });
    expect(city?.rows[0]).toMatchObject({ titles: ['all en'], values: [{ value: 110 }], whole: { value: 108 } });
    const text = tableFile(view, { whole: 'adds up', low: 'low', high: 'high', ...natural, remarks: [] });
    expect(text).toContain('beta en;44;35;53;31;60;46\r\n\r\nCity;');
    expect(text).toContain('all en;110;101;119;90;133;108\r\n');
  });

  test('names parameters by the column they are compared with, however deep', () => {
    expect(parameterName('sex', byDistrict, plain, 'de')).toBe('Geschlecht');
    expect(parameterTitle('sex', 'f', byDistrict, named, 'en')).toBe('f en');
    const where = { all: [{ not: { in: ['r.district', ['alpha', '$sex']] } }] };
    const query = AggregateQuery.parse({ ...byDistrict, where });
    expect(parameterName('sex', query, plain, 'de')).toBe('Bezirk');
    expect(parameterName('sex', AggregateQuery.parse({ ...byDistrict, where: undefined }), plain, 'de')).toBe('sex');
  });

  test('becomes a file for a German Excel, in which nothing is a formula', () => {
    const view = releaseView(release, byDistrict, named, 'de');
    const scaled = { ...view, columns: [{ id: 'p', title: '+Quote', decimals: 2, hasNatural: true }] };
    const text = tableFile(scaled, {
      whole: 'stimmig',
      low: 'von',
      high: 'bis',
      ...natural,
      remarks: [['@Zweck', 'a\nb']],
    });
    expect(text).toBe(
      [
        "\uFEFFBezirk;Alter (Jahre);'+Quote;'+Quote – von;'+Quote – bis;'+Quote – natural low;'+Quote – natural high",
        `"'=alpha;""de""";0 – 17;1234,00;1230,00;1238,00;1165,00;1306,00`,
        `"'=alpha;""de""";65 und mehr;.;.;.;.;.`,
        `"'=beta;""de""";0 – 17;.;.;.;.;.`,
        `"'=beta;""de""";65 und mehr;7,00;3,00;11,00;0,00;16,00`,
        '',
        `'@Zweck;"a\nb"`,
        '',
      ].join('\r\n'),
    );
  });
});

test('a derived table has titles, its unit, and a word where a change is none', () => {
  const of = { ...catalogue('0'), tables: [] };
  const sources = { catalogue: of, schemas: among([titled]) };
  const input = (measure: string) => ({ query: digest, measure, parameters: { sex: 'f' } });
  const table = DerivedTable.parse({
    ...Object.fromEntries(
      Object.entries(byDistrict).filter(([name]) => /^(apiV|sent|purp|legal|recip|exp)/.test(name)),
    ),
    kind: 'DerivedTable',
    id: 'change',
    title: { de: 'Neu', en: 'New' },
    inputs: { now: input('persons'), before: input('persons') },
    axes: [
      {
        as: 'where',
        from: { now: 'district', before: 'district' },
        total: { code: 'city', de: 'Stadt', en: 'City' },
      },
    ],
    measure: { as: 'change', fn: 'change', of: 'now', since: 'before' },
  });
  const estimates = [
    { value: 5, low: 1, high: 9 },
    { value: -5, low: -9, high: -1 },
    { value: 1, low: -3, high: 5 },
    null,
  ];
  const labels = ['alpha', 'beta', 'gamma', 'city'];
  const cells = labels.map((label, at) => ({ key: [label], estimate: estimates[at] ?? null }));
  const view = tableView(table, { axes: [{ as: 'where', labels }], decimals: 0, cells }, 5, sources, 'en');
  expect(view.axes[0]?.title).toBe('Bezirk');
  expect(view.rows.map(({ titles }) => titles[0])).toEqual(['alpha en', 'beta en', 'gamma en', 'City']);
  expect(view.rows.map(({ word }) => word)).toEqual(['up', 'down', 'same', undefined]);
  const direction = { title: 'Direction', words: { up: 'up', down: 'down', same: 'none shown' } };
  const text = tableFile(view, { direction, whole: 'adds up', low: 'low', high: 'high', ...natural, remarks: [] });
  expect(text).toContain('gamma en;1;-3;5;none shown\r\nCity;.;.;.;.\r\n');
  const rate = {
    ...table,
    measure: { as: 'r', fn: 'ratio', of: 'now', over: 'before', per: 1000, decimals: 1 } as const,
  };
  const ratio = tableView(rate, { axes: [{ as: 'where', labels }], decimals: 1, cells }, 5, sources, 'de');
  expect(ratio.columns).toEqual([{ id: 'r', title: 'je 1.000', decimals: 1 }]);
  expect(ratio.rows[0]).toMatchObject({ values: [{ value: 0.5, low: 0.1, high: 0.9 }] });
  expect(ratio.rows[0]?.word).toBeUndefined();
});

test('routes are read as they are written, and nothing else is one', () => {
  const routes = [
    { screen: 'rooms' },
    { screen: 'catalogue', room: 'neuss' },
    { screen: 'log', room: 'neuss' },
    { screen: 'question', room: 'neuss', query: digest },
    { screen: 'answer', room: 'neuss', query: digest },
    { screen: 'table', room: 'neuss', query: digest },
  ] as const;
  for (const route of routes) expect(parseRoute(hrefOf(route))).toEqual(route);
  for (const wrong of ['', '#', '#/', '#/Neuss', '#/../x', '#//log'])
    expect(parseRoute(wrong)).toEqual({ screen: 'rooms' });
  expect(parseRoute('#/neuss/question/xyz')).toEqual({ screen: 'catalogue', room: 'neuss' });
});

test.each([
  ['dsgvo-6-1-e', 'Art. 6 Abs. 1 Buchst. e DSGVO', 'Art. 6(1)(e) GDPR'],
  ['dsgvo-89', 'Art. 89 DSGVO', 'Art. 89 GDPR'],
  ['sgb-x-67c', 'sgb-x-67c', 'sgb-x-67c'],
  ['sgb-10-75', '§ 75 SGB X', '§ 75 SGB X'],
  ['sgb-10-67c', '§ 67c SGB X', '§ 67c SGB X'],
  ['sgb-13-1', 'sgb-13-1', 'sgb-13-1'],
  ['sgb-75', 'sgb-75', 'sgb-75'],
  ['gewo-14', '§ 14 GewO', '§ 14 GewO'],
  ['gewo-1-14', 'gewo-1-14', 'gewo-1-14'],
  ['bdsg-22', '§ 22 BDSG', '§ 22 BDSG'],
  ['constructor-1', 'constructor-1', 'constructor-1'],
])('the legal basis %s is written as lawyers do', (code, german, english) => {
  expect([legalBasisTitle(code, 'de'), legalBasisTitle(code, 'en')]).toEqual([german, english]);
});

test('both languages have the same texts, with the same places in them', () => {
  expect(Object.keys(en)).toEqual(Object.keys(de));
  const places = (text: string) => [...text.matchAll(/\{\{\w+\}\}/g)].map(String).toSorted();
  for (const [name, text] of Object.entries(de))
    expect(places(en[name as keyof typeof de]), name).toEqual(places(text));
});
