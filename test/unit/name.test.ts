import {
  Bilingual,
  Bytes32,
  Code,
  Day,
  Digest,
  formatInstant,
  Instant,
  MemberRef,
  Signature64,
  Slug,
  StatementId,
  toBase64,
  UnitPath,
} from '@reinraum/protocol';
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';

const hex = '0123456789abcdef';
const names: readonly (readonly [
  name: string,
  schema: z.ZodType,
  right: readonly unknown[],
  wrong: readonly unknown[],
])[] = [
  [
    'Slug',
    Slug,
    ['a', 'a-b_c9', `a${'b'.repeat(62)}`],
    ['', 'A', '9a', '-a', '_a', 'a.b', 'ä', 'a b', 'a\n', '__proto__', `a${'b'.repeat(63)}`, 1, null],
  ],
  ['UnitPath', UnitPath, ['city/statistics'], ['city', 'city/', '/a', 'a/b/c', 'City/a', 'a/b\n', 'a//b']],
  [
    'Digest',
    Digest,
    [hex.repeat(4)],
    [hex.repeat(4).slice(1), `${hex.repeat(4)}0`, hex.repeat(4).toUpperCase(), `${hex.repeat(4)}\n`, 'g'.repeat(64)],
  ],
  ['MemberRef', MemberRef, [`m-${hex}`], [hex, `m-${hex}0`, `M-${hex}`, `m-${hex.toUpperCase()}`, `m-${hex}\n`]],
  [
    'StatementId',
    StatementId,
    ['0190a8b4-5c3d-7abc-8def-0123456789ab'],
    [
      '0190a8b4-5c3d-4abc-8def-0123456789ab',
      '0190a8b4-5c3d-7abc-cdef-0123456789ab',
      '0190A8B4-5c3d-7abc-8def-0123456789ab',
      '0190a8b45c3d7abc8def0123456789ab',
    ],
  ],
  [
    'Instant',
    Instant,
    ['2026-11-24T10:00:00Z', '2024-02-29T23:59:59Z', '0001-01-01T00:00:00Z'],
    [
      '2026-02-29T00:00:00Z',
      '2026-11-24T24:00:00Z',
      '2026-11-24T10:60:00Z',
      '2026-11-24T10:00:60Z',
      '2026-13-01T00:00:00Z',
      '2026-11-24T10:00:00+00:00',
      '2026-11-24T10:00:00.000Z',
      '2026-11-24 10:00:00Z',
      '2026-11-24',
      '2026-11-24T10:00:00Z\n',
    ],
  ],
  [
    'Day',
    Day,
    ['2026-11-24', '2024-02-29'],
    [
      '2026-02-29',
      '2026-02-30',
      '2026-00-10',
      '2026-13-01',
      '2026-1-1',
      '24.11.2026',
      '2026-11-24T00:00:00Z',
      '2026-11-24\n',
    ],
  ],
  [
    'Bytes32',
    Bytes32,
    [toBase64(new Uint8Array(32))],
    [
      toBase64(new Uint8Array(31)),
      toBase64(new Uint8Array(33)),
      hex.repeat(4),
      '',
      `${toBase64(new Uint8Array(32)).slice(0, -2)}B=`,
    ],
  ],
  [
    'Signature64',
    Signature64,
    [toBase64(new Uint8Array(64))],
    [toBase64(new Uint8Array(63)), toBase64(new Uint8Array(65))],
  ],
  [
    'Bilingual',
    Bilingual,
    [{ de: 'ja', en: 'yes' }],
    [{ de: 'ja' }, { de: '', en: 'yes' }, { de: 'ja', en: 'yes', fr: 'oui' }, { de: 'a'.repeat(1001), en: 'b' }],
  ],
  [
    'Code',
    Code,
    [{ code: 'A.1_b+c-d', de: 'x', en: 'y' }],
    [
      { code: '', de: 'x', en: 'y' },
      { code: 'a,b', de: 'x', en: 'y' },
      { code: '"a"', de: 'x', en: 'y' },
      { code: '=1', de: 'x', en: 'y' },
      { code: '$a', de: 'x', en: 'y' },
      { code: 'a\n', de: 'x', en: 'y' },
      { code: 'ä', de: 'x', en: 'y' },
      { code: 'a'.repeat(33), de: 'x', en: 'y' },
    ],
  ],
];

describe.each(names)('%s', (_name, schema, right, wrong) => {
  test.each(right)('is %j', (value) => {
    expect(schema.safeParse(value)).toEqual({ success: true, data: value });
  });
  test.each(wrong)('is not %j', (value) => {
    expect(schema.safeParse(value).success).toBe(false);
  });
});

test('an instant is printed to the second, and nothing is printed for what is none', () => {
  expect(formatInstant(Date.parse('2026-11-24T10:00:00.999Z'))).toBe('2026-11-24T10:00:00Z');
  expect(formatInstant(0)).toBe('1970-01-01T00:00:00Z');
  expect([Number.NaN, Number.POSITIVE_INFINITY].map(formatInstant)).toEqual(['', '']);
});
