/** Findings before they are worded, and which of several about the same pair is reported. */
import { type Finding, type FindingCode, type Severity, severities } from './finding.ts';
import type { Subject } from './instance.ts';
import { textOf, type Values } from './texts.ts';

/** A finding as the checks make it. `weight` orders findings of one code about one pair: the least is the worst. */
export interface Found {
  readonly code: FindingCode;
  readonly severity: Severity;
  readonly field: string;
  readonly with?: readonly Pick<Subject, 'query' | 'digest'>[];
  readonly values: Values;
  readonly weight?: number;
}

/** One finding a code and measure at most: the gravest, and of those the one with the least weight. */
export function worstByCode(found: readonly Found[]): Found[] {
  const worst = new Map<string, Found>();
  for (const one of found) {
    const key = `${one.code} ${one.values['measure'] ?? one.values['column'] ?? ''}`;
    const known = worst.get(key);
    if (!known || rank(one) < rank(known)) worst.set(key, one);
  }
  return [...worst.values()];
}

function rank({ severity, weight = 0 }: Found): number {
  return severities.indexOf(severity) * 1e12 + Math.min(weight, 1e9);
}

/** The wire form. */
export function findingOf({ code, severity, field, with: others = [], values }: Found): Finding {
  const partners = others.map(({ query, digest }) => ({ id: query.id, digest }));
  return { code, severity, field, with: partners, values, text: textOf(code, values) };
}

/** Parts of one as per cent with two significant digits, the same on every machine that rounds decimally. */
export function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`;
}
