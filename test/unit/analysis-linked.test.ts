/** Questions on linked datasets beside questions on one of them (docs/spec/analysis.md §2). */
import { describe, expect, test } from 'vitest';
import { adults, brief, everybody, findings, query } from '../support/analysed.ts';

describe('linked datasets', () => {
  const joins = [{ dataset: 'help', as: 'h' }];
  const helped = query('helped', { joins });
  const unassessed = 'note cells-unassessed from.dataset';

  test('who is in both is a part of who is in one: the rest follows from the difference', () => {
    expect(brief(findings(helped, [everybody]))).toEqual(['warn predicate-subset joins everybody', unassessed]);
    // From the other question's side, and of the other dataset, the same.
    expect(brief(findings(everybody, [helped]))).toEqual(['warn predicate-subset groupBy helped']);
    const clients = query('clients', {
      from: { dataset: 'help', as: 'c' },
      groupBy: [{ column: 'c.area', as: 'area' }],
    });
    expect(brief(findings(helped, [clients]))).toEqual(['warn predicate-subset joins clients', unassessed]);
  });

  test('what the alias is called makes no difference, and neither does which dataset is asked and which joined', () => {
    const again = query('again', {
      from: { dataset: 'people', as: 'x' },
      joins: [{ dataset: 'help', as: 'y' }],
      groupBy: [{ column: 'x.sex', as: 's' }],
    });
    expect(brief(findings(helped, [again]))).toEqual(['warn near-duplicate measures.0 again', unassessed]);
    const turned = query('turned', { from: { dataset: 'help', as: 'h' }, joins: [{ dataset: 'people', as: 'p' }] });
    expect(brief(findings(helped, [turned]))).toEqual(['warn near-duplicate measures.0 turned', unassessed]);
  });

  test('a condition of a side counts as one', () => {
    const debt = query('debt', { joins: [{ dataset: 'help', as: 'h', where: { eq: ['h.topic', 'debt'] } }] });
    expect(brief(findings(debt, [helped]))).toEqual(['warn predicate-subset joins helped', unassessed]);
    const home = query('home', { joins, where: { eq: ['h.topic', 'home'] } });
    // Debt and home together are who came for help: neither is a part of the other.
    expect(brief(findings(debt, [home]))).toEqual([unassessed]);
    const crossing = query('crossing', {
      joins,
      groupBy: [
        {
          column: 'p.area',
          as: 'area',
          groups: [
            { code: 'g', de: 'x', en: 'x', of: ['n', 'e'] },
            { code: 'h', de: 'x', en: 'x', of: ['s', 'w'] },
          ],
        },
      ],
    });
    const other = query('other', {
      groupBy: [{ column: 'p.area', as: 'area', groups: [{ code: 'g', de: 'x', en: 'x', of: ['n', 's'] }] }],
    });
    expect(brief(findings(crossing, [other]))).toContain('refuse split-overlap groupBy.0 other');
  });

  test('an overlap shows both remainders: only what cuts across them is a part of its own', () => {
    const sides = query('sides', {
      joins,
      groupBy: [{ column: 'p.area', otherwise: 'h.area', as: 'area' }],
      measures: [{ as: 'sides', fn: 'overlap' }],
    });
    expect(brief(findings(sides, []))).toEqual([unassessed]);
    // Everybody is both and the one remainder, which it shows itself; adults are neither.
    expect(brief(findings(sides, [everybody]))).toEqual([unassessed]);
    expect(brief(findings(sides, [adults]))).toContain('warn predicate-subset measures.0 adults');
    expect(brief(findings(adults, [sides]))).toContain('warn predicate-subset where sides');
    const firmsOnly = query('firms-only', { from: { dataset: 'firms', as: 'p' } });
    expect(brief(findings(sides, [firmsOnly]))).toEqual([unassessed]);
  });
});
