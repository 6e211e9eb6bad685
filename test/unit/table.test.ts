/** The text tables of a release: ranges beside values, shares in per cent, classes in rows, and "." for whatever is hidden. */
import type { Release } from '@reinraum/protocol';
import { expect, test } from 'vitest';
import { tableOf } from '../../src/cli/table.ts';

const estimate = (value: number, low: number, high: number) => ({ value, low, high });
const measure = (as: string, fn: string, decimals: number, labels: string[] | null, unit: string | null = null) => ({
  as,
  fn,
  decimals,
  labels,
  unit,
});
const release = {
  k: 5,
  axes: [{ as: 'area', labels: ['r1', 'r2'] }],
  measures: [
    measure('persons', 'count', 0, null),
    measure('types', 'shares', 4, ['a', 'b']),
    measure('debt', 'mean', 2, null, 'euro'),
  ],
  cells: [
    {
      key: ['r1'],
      values: [
        estimate(60, 55, 66),
        [estimate(2500, 2000, 3000), estimate(7500, 7000, 8000)],
        estimate(123456, 123000, 124000),
      ],
    },
    { key: ['r2'], values: [null, [null, null], null] },
  ],
} as unknown as Release;

test('values of a cell stand in one table, classes in rows of another', () => {
  expect(tableOf(release).split('\n')).toEqual([
    'area  persons  95 %-Bereich  debt (euro)       95 %-Bereich',
    '────  ───────  ────────────  ───────────  ─────────────────',
    'r1         60       55 – 66      1234.56  1230.00 – 1240.00',
    'r2          .             .            .                  .',
    'area  Klasse / class  types (%)   95 %-Bereich',
    '────  ──────────────  ─────────  ─────────────',
    'r1    a                   25.00  20.00 – 30.00',
    'r1    b                   75.00  70.00 – 80.00',
    'r2    a                       .              .',
    'r2    b                       .              .',
    '. = geheim (weniger als 5 oder nicht sicher zeigbar) / hidden (fewer than 5, or not safe to show)',
  ]);
});

test('labels can be given their names', () => {
  const words = (as: string, label: string) => (as === 'area' ? `Raum ${label}` : `Typ ${label}`);
  const text = tableOf(release, words);
  expect(text).toContain('Raum r1  Typ a');
  expect(text).not.toMatch(/^r1/m);
});

test('a hierarchy is a table a level, with whole numbers that add up', () => {
  const noise = { kind: 'discreteGaussian', variance: '4' };
  const level = {
    as: 'city',
    labels: ['all'],
    groupOf: [0, 0],
    noise,
    cut: 9,
    cells: [{ key: ['all'], values: [estimate(110, 104, 116)] }],
  };
  const counted = {
    ...release,
    measures: [{ ...measure('persons', 'count', 0, null), noise }],
    cells: [
      { key: ['r1'], values: [estimate(60, 58, 62)] },
      { key: ['r2'], values: [estimate(44, 42, 46)] },
    ],
    hierarchy: { axis: 'area', levels: [level] },
  } as unknown as Release;
  const words = (as: string, label: string) => (as === 'city' ? 'Stadt' : label);
  expect(tableOf(counted, words).split('\n')).toEqual([
    'area  persons  95 %-Bereich  stimmig / adds up',
    '────  ───────  ────────────  ─────────────────',
    'r1         60       58 – 62                 62',
    'r2         44       42 – 46                 46',
    'city   persons  95 %-Bereich  stimmig / adds up',
    '─────  ───────  ────────────  ─────────────────',
    'Stadt      110     104 – 116                108',
    '. = geheim (weniger als 5 oder nicht sicher zeigbar) / hidden (fewer than 5, or not safe to show)',
    '* = außerhalb des eigenen Bereichs / outside its own range',
  ]);
});
