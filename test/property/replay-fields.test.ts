/** Every field of every entry is bound by some rule, or listed here as one the log alone cannot know. */
import { Replay } from '@reinraum/audit';
import { canonicalBytes, type Json, type LogEntry } from '@reinraum/protocol';
import { beforeAll, expect, test } from 'vitest';
import { type HeldLog, honestLog } from '../support/honest-log.ts';

/** Fields a verifier of the log alone has to believe: what follows from secrets, from the clock, or from no statement. */
const believed = [
  // The clock is the enclave's; only its order and the terms of statements are checked.
  /^[a-z.-]+ at$/,
  // Commitments, opened by whoever holds the salt.
  /^query\.released detail\.result$/,
  /^dataset\.rejected detail\.report$/,
  // Said by the enclave about itself.
  /^enclave\.started detail\.nonce$/,
  /^session\.opened detail\.until$/,
  /^statement\.refused detail\.code$/,
  // A refused statement that may still be used is not kept.
  /^statement\.refused statements\.length$/,
];

let honest: HeldLog;
beforeAll(async () => {
  honest = await honestLog();
});

type Path = readonly (string | number)[];

function* leaves(value: Json, path: Path = []): Generator<[Path, Json]> {
  if (typeof value !== 'object' || value === null) yield [path, value];
  else if (Array.isArray(value)) {
    if (value.length > 0) yield [[...path, 'length'], value as Json];
    for (const [at, item] of (value as Json[]).entries()) yield* leaves(item, [...path, at]);
  } else for (const [key, item] of Object.entries(value)) yield* leaves(item, [...path, key]);
}

/** A value of the same form that says something else. */
function other(value: Json): Json {
  if (value === null) return 0;
  if (typeof value === 'number') return value + 1;
  if (Array.isArray(value)) return value.slice(1) as Json;
  const text = String(value);
  if (/^\d{4}-/.test(text)) return text.replace(/\d(?=Z$)/, (digit) => String((Number(digit) + 1) % 10));
  if (/^\d/.test(text) && text.length < 12) return text.replace(/\d+$/, (digits) => String(BigInt(digits) + 2n));
  if (/^(m-)?[0-9a-f]{16,64}$/.test(text)) return text.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'));
  if (/^[A-Za-z0-9+/]{86}==$/.test(text)) return `${text.startsWith('A') ? 'B' : 'A'}${text.slice(1)}`;
  if (text === 'software') return 'degraded';
  if (text === 'role-missing') return 'query-unknown';
  return `${text}x`;
}

function replaced(value: Json, [step, ...rest]: Path, by: Json): Json {
  if (step === undefined || step === 'length') return by;
  if (Array.isArray(value)) return value.map((item: Json, at) => (at === step ? replaced(item, rest, by) : item));
  const object = value as Record<string, Json>;
  return { ...object, [step]: replaced(object[step] ?? null, rest, by) };
}

/** Index of the first entry replay refuses; undefined where it refuses none. */
async function refusedAt(entries: readonly Json[]): Promise<number | undefined> {
  const replay = new Replay(async (digest) => honest.objects.get(digest));
  for (const [index, entry] of entries.entries()) {
    try {
      await replay.apply(canonicalBytes(entry));
    } catch {
      return index;
    }
  }
  return undefined;
}

test('changing any field of any entry is noticed at that entry or later', async () => {
  const entries = honest.entries as unknown as readonly Json[];
  const accepted: string[] = [];
  let changes = 0;
  for (const [index, entry] of entries.entries()) {
    for (const [path, value] of leaves(entry)) {
      const forged = entries.map((honestly, at) => (at === index ? replaced(honestly, path, other(value)) : honestly));
      const refused = await refusedAt(forged);
      changes += 1;
      if (refused === undefined) accepted.push(`${(entry as unknown as LogEntry).type} ${path.join('.')}`);
      else expect(refused).toBeGreaterThanOrEqual(index);
    }
  }
  expect(changes).toBeGreaterThan(300);
  expect(accepted.filter((field) => !believed.some((form) => form.test(field)))).toEqual([]);
  expect(believed.filter((form) => !accepted.some((field) => form.test(field)))).toEqual([]);
});
