/** Key files: what is written is read, what is not one is refused without a word of what is in it. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatKeyFile, newMember, parseKeyFile } from '@reinraum/client';
import { describe, expect, test } from 'vitest';
import { readKeyFile, writeKeyFile } from '../../src/cli/key-store.ts';

const keys = newMember('city/statistics', ['owner']);
const text = formatKeyFile(keys);
const altered = (change: (content: Record<string, unknown>) => void) => {
  const content = JSON.parse(text) as Record<string, unknown>;
  change(content);
  return JSON.stringify(content);
};

describe('a key file', () => {
  test('reads back as it was written; an owner has a pseudonym key, others none', () => {
    expect(parseKeyFile(text)).toEqual(keys);
    expect(parseKeyFile(formatKeyFile(newMember('city/planning', ['analyst']))).pseudonymKey).toBeNull();
  });

  test.each([
    ['no text', '', 'key file: not readable'],
    ['no JSON', 'x', 'key file: not readable'],
    ['other JSON', '{"charter":{}}', 'key file: not one of'],
    ['a further field', altered((content) => (content['more'] = 1)), 'key file: not one of'],
    ['a short seed', altered((content) => (content['signingSeed'] = 'AAAA')), 'key file: not one of'],
    [
      'the seed of another',
      altered((content) => (content['signingSeed'] = content['readingSecret'])),
      'key file: its public keys are not those of its secrets',
    ],
    [
      'the reading secret of another',
      altered((content) => (content['readingSecret'] = content['signingSeed'])),
      'key file: its public keys are not those of its secrets',
    ],
  ])('is not %s', (_, wrong, says) => {
    expect(() => parseKeyFile(wrong)).toThrow(says);
  });

  test('is kept with mode 0600 and never replaced', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'reinraum-key-'));
    const path = join(folder, 'key.json');
    await writeKeyFile(path, keys);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readKeyFile(path)).toEqual(keys);
    await expect(writeKeyFile(path, keys)).rejects.toThrow('EEXIST');
    await expect(readKeyFile(join(folder, 'none.json'))).rejects.toThrow('none.json: no readable key file');
    await rm(folder, { recursive: true });
  });
});
