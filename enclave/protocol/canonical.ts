/**
 * RFC 8785 (JSON Canonicalization Scheme) for the subset the room speaks: null, booleans, strings without lone
 * surrogates, safe integers, arrays and plain objects. Fractions travel as exact strings ("1/200"), never as floats.
 */
import { utf8 } from './bytes.ts';

/** A value of that subset. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Deepest nesting of arrays and objects; nothing the room speaks comes near it. */
export const nestingMax = 64;

/**
 * Canonical text of a value. Throws `TypeError` on anything outside the subset, which includes members named
 * `__proto__` (half of all libraries lose them) and nesting beyond {@link nestingMax}; equal values give equal text.
 */
export function canonicalText(value: Json): string {
  return textAt(value, 0);
}

function textAt(value: Json, depth: number): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw new TypeError('canonical JSON: not a safe integer');
    return String(value);
  }
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new TypeError('canonical JSON: lone surrogate in a string');
    return JSON.stringify(value);
  }
  if (depth >= nestingMax) throw new TypeError('canonical JSON: nested too deeply');
  // Array.from visits holes too, which then are no values.
  if (Array.isArray(value)) return `[${Array.from(value, (item: Json) => textAt(item, depth + 1)).join(',')}]`;
  if (typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) {
    throw new TypeError('canonical JSON: not a plain value');
  }
  if (Object.hasOwn(value, '__proto__')) throw new TypeError('canonical JSON: a member named __proto__');
  const members = value as { readonly [key: string]: Json };
  let text = '';
  // RFC 8785 §3.2.3 orders members by UTF-16 code units, which is what the default sort compares.
  for (const key of Object.keys(members).sort()) {
    text += `${text === '' ? '' : ','}${textAt(key, depth)}:${textAt(members[key] as Json, depth + 1)}`;
  }
  return `{${text}}`;
}

/** UTF-8 bytes of {@link canonicalText}. */
export function canonicalBytes(value: Json): Uint8Array {
  return utf8(canonicalText(value));
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Parses bytes that must already be canonical: valid UTF-8 and equal to the canonical form of what they say.
 * This is what rules out duplicate keys, which `JSON.parse` accepts. Throws `TypeError` otherwise.
 */
export function parseCanonical(bytes: Uint8Array): Json {
  const text = decoder.decode(bytes);
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    throw new TypeError('canonical JSON: not JSON');
  }
  if (canonicalText(value) !== text) throw new TypeError('canonical JSON: not in canonical form');
  return value;
}
