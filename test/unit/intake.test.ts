import { csvHeader, DatasetSchema, utf8 } from '@reinraum/protocol';
import { describe, expect, test } from 'vitest';
import { findingsMax, Intake } from '../../enclave/vault/intake.ts';
import { residents } from '../support/small-room.ts';

const header = csvHeader(residents);
const unit = '12345678-9abc-8def-8123-456789abcdef';

function taken(text: string | Uint8Array, capacityRows = 10) {
  const intake = new Intake(residents, capacityRows);
  const rows = intake.push(typeof text === 'string' ? utf8(text) : text);
  intake.end();
  return { rows, findings: intake.findings, total: intake.total };
}

test('rows are numbered, codes become positions, integers stay, a missing value stays empty', () => {
  const { rows, total } = taken(`${header}${unit},gamma,0,m\n${unit},alpha,120,\n`);
  expect(rows).toBe(`1,${unit},2,0,1\n2,${unit},0,120,\n`);
  expect(total).toBe(0);
});

test('a file of a header alone has no rows and nothing wrong', () => {
  expect(taken(header)).toEqual({ rows: '', findings: [], total: 0 });
});

describe('finds', () => {
  const row = (line: string) => `${header}${unit},alpha,1,f\n${line}\n`;
  test.each<[string, string, number, string | null, string]>([
    ['no header', '', 0, null, 'header'],
    ['half a header', header.slice(0, -1), 0, null, 'header'],
    ['columns in another order', 'person_id,age,district,sex\n', 0, null, 'header'],
    ['another name', header.replace('sex', 'gender'), 0, null, 'header'],
    ['a byte order mark', `\uFEFF${header}`, 0, null, 'header'],
    ['Windows line ends', header.replace('\n', '\r\n'), 0, null, 'header'],
    ['a last line without its end', `${header}${unit},alpha,1,f`, 1, null, 'line-end'],
    ['an empty line', row(''), 2, null, 'fields'],
    ['a field too few', row(`${unit},alpha,1`), 2, null, 'fields'],
    ['a field too many', row(`${unit},alpha,1,f,`), 2, null, 'fields'],
    ['a quoted field', row(`${unit},"alpha",1,f`), 2, 'district', 'domain'],
    ['no pseudonym', row(',alpha,1,f'), 2, 'person_id', 'pseudonym'],
    ['a pseudonym in capitals', row(`${unit.toUpperCase()},alpha,1,f`), 2, 'person_id', 'pseudonym'],
    ['a UUID of another version', row(`${unit.replace('-8def', '-4def')},alpha,1,f`), 2, 'person_id', 'pseudonym'],
    ['a UUID of another variant', row(`${unit.replace('-8123', '-c123')},alpha,1,f`), 2, 'person_id', 'pseudonym'],
    ['a name for a pseudonym', row('Erika Musterfrau,alpha,1,f'), 2, 'person_id', 'pseudonym'],
    ['an unknown code', row(`${unit},delta,1,f`), 2, 'district', 'domain'],
    ['a code in other case', row(`${unit},Alpha,1,f`), 2, 'district', 'domain'],
    ['a blank after a code', row(`${unit},alpha ,1,f`), 2, 'district', 'domain'],
    ['a missing code', row(`${unit},,1,f`), 2, 'district', 'missing'],
    ['a missing integer', row(`${unit},alpha,,f`), 2, 'age', 'missing'],
    ['an integer below', row(`${unit},alpha,-1,f`), 2, 'age', 'domain'],
    ['an integer above', row(`${unit},alpha,121,f`), 2, 'age', 'domain'],
    ['a leading zero', row(`${unit},alpha,07,f`), 2, 'age', 'domain'],
    ['a plus', row(`${unit},alpha,+7,f`), 2, 'age', 'domain'],
    ['minus zero', row(`${unit},alpha,-0,f`), 2, 'age', 'domain'],
    ['an exponent', row(`${unit},alpha,1e1,f`), 2, 'age', 'domain'],
    ['hexadecimal', row(`${unit},alpha,0x1,f`), 2, 'age', 'domain'],
    ['a fraction', row(`${unit},alpha,1.0,f`), 2, 'age', 'domain'],
    ['a blank before an integer', row(`${unit},alpha, 1,f`), 2, 'age', 'domain'],
    ['NaN', row(`${unit},alpha,NaN,f`), 2, 'age', 'domain'],
    ['another script’s digits', row(`${unit},alpha,١,f`), 2, 'age', 'domain'],
    ['a carriage return', row(`${unit},alpha,1,f\r`), 2, 'sex', 'domain'],
    ['NULL as a word', row(`${unit},alpha,1,NULL`), 2, 'sex', 'domain'],
    ['the header again', row(header.trim()), 2, 'person_id', 'pseudonym'],
  ])('%s', (_name, text, at, column, rule) => {
    const { rows, findings } = taken(text);
    expect(findings[0]).toEqual({ row: at, column, rule });
    expect(rows.split('\n').filter((line) => line.startsWith(`${at},`))).toEqual([]);
  });

  test('every field of a row that is wrong, and leaves out the row', () => {
    const { rows, findings } = taken(`${header}x,y,z,z\n${unit},alpha,1,f\n`);
    expect(findings.map(({ row, column, rule }) => [row, column, rule])).toEqual([
      [1, 'person_id', 'pseudonym'],
      [1, 'district', 'domain'],
      [1, 'age', 'domain'],
      [1, 'sex', 'domain'],
    ]);
    expect(rows).toBe(`2,${unit},0,1,0\n`);
  });

  test('each row beyond the declared capacity, right or wrong', () => {
    const { rows, findings } = taken(`${header}${`${unit},alpha,1,f\n`.repeat(4)}`, 2);
    expect(findings).toEqual([3, 4].map((row) => ({ row, column: null, rule: 'capacity' })));
    expect(rows.split('\n').length - 1).toBe(2);
  });

  test('a hundred places and counts the rest', () => {
    const { findings, total } = taken(`${header}${'x\n'.repeat(250)}`, 1000);
    expect(findings).toHaveLength(findingsMax);
    expect(total).toBe(250);
    expect(findings.at(-1)?.row).toBe(findingsMax);
  });

  test('a line without an end before it fills the memory', () => {
    const intake = new Intake(residents, 10);
    intake.push(utf8(header));
    const megabyte = new Uint8Array(1 << 20).fill(0x61);
    for (let n = 0; n < 50; n++) expect(intake.push(megabyte)).toBe('');
    intake.end();
    expect(intake.findings[0]).toEqual({ row: 1, column: null, rule: 'fields' });
    expect(intake.total).toBeLessThanOrEqual(51);
  });
});

test('a grid has its origin at the minimum, below zero as well', () => {
  const schema = DatasetSchema.parse({
    ...residents,
    columns: [{ name: 'n', title: residents.title, type: 'integer', min: -5, max: 4, step: 3, unit: 'x' }],
  });
  const accepted = Array.from({ length: 20 }, (_, at) => at - 10).filter((n) => {
    const intake = new Intake(schema, 1);
    intake.push(utf8(`${csvHeader(schema)}${unit},${n}\n`));
    return intake.total === 0;
  });
  expect(accepted).toEqual([-5, -2, 1, 4]);
});
