/** Cosignatures of another implementation, torchwood in Go: ours are the same bytes. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { cosignatureVerifier, cosigner, parseCosignature, parseNote, signNote, verifyNote } from '@reinraum/audit';
import { fromHex, signingKey } from '@reinraum/protocol';
import { describe, expect, it } from 'vitest';

interface Case {
  readonly name: string;
  readonly seed: string;
  readonly vkey: string;
  readonly timeSeconds: string;
  readonly note: string;
}

const path = fileURLToPath(new URL('cosignature-torchwood.json', import.meta.url));
const { cases } = JSON.parse(readFileSync(path, 'utf8')) as { cases: readonly Case[] };

describe.each(cases)('the cosignature of $name', ({ name, seed, vkey, timeSeconds, note }) => {
  it('verifies, with its time', async () => {
    const { verified } = await verifyNote(note, [cosignatureVerifier(vkey)]);
    expect(verified.map((signature) => parseCosignature(signature.signature)?.timeSeconds)).toEqual([
      BigInt(timeSeconds),
    ]);
  });

  it('is the one we make', async () => {
    const ours = cosigner(name, signingKey(fromHex(seed)), () => BigInt(timeSeconds));
    expect(ours.vkey).toBe(vkey);
    expect(await signNote(parseNote(note).text, [ours])).toBe(note);
  });
});

it('there is a case with a name beyond ASCII', () => {
  expect(cases.some(({ name }) => /[^ -~]/.test(name))).toBe(true);
});
