/** How the tour is read: what is run, what is promised, and that nothing in it is passed over. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { repositoryRoot } from '../../src/cli/root.ts';
import { isSaid, outline, screenSteps, tourSections } from '../support/tour-page.ts';

const page = [
  '# Title',
  '',
  '## One',
  '',
  '```sh needs=pums',
  'echo 1',
  '```',
  '',
  '```text',
  'a  1 – 2',
  '…',
  '```',
  '',
  '## Two',
  '',
  '**Screen.** Look here.',
  '',
  '1. Open <http://127.0.0.1:8480/app/>. Click **English**.',
  '2. Choose `$TOUR/key.json` at **Key',
  '   file**.',
  '',
  'Prose. 3. not a step',
  '',
].join('\n');

test('sections hold their blocks and steps, in order', () => {
  expect(tourSections(page)).toEqual([
    {
      title: 'One',
      parts: [
        { kind: 'shell', needs: 'pums', text: 'echo 1\n' },
        { kind: 'output', lines: ['a  1 – 2'] },
      ],
    },
    {
      title: 'Two',
      parts: [
        {
          kind: 'screen',
          steps: [
            { act: 'open', url: 'http://127.0.0.1:8480/app/' },
            { act: 'click', name: 'English' },
            { act: 'choose', file: '$TOUR/key.json', label: 'Key file' },
          ],
        },
      ],
    },
  ]);
});

test('every sentence of a step is one that can be done', () => {
  expect(screenSteps('Pick “a” at **b**. Save **c** as `d`. Read “e.” Read “f”.')).toEqual([
    { act: 'pick', option: 'a', label: 'b' },
    { act: 'save', name: 'c', file: 'd' },
    { act: 'read', text: 'e.' },
    { act: 'read', text: 'f' },
  ]);
  expect(() => screenSteps('Click **a**. Then look around.')).toThrow(/no test can do: Then look around/);
});

test('all blocks and all screens of the real page are found', async () => {
  const text = await readFile(join(repositoryRoot, 'docs', 'tour.md'), 'utf8');
  const parts = tourSections(text).flatMap((section) => section.parts);
  const count = (kind: string) => parts.filter((part) => part.kind === kind).length;
  expect(count('shell')).toBe(text.match(/^```sh/gm)?.length);
  expect(count('output')).toBe(text.match(/^```text/gm)?.length);
  expect(count('screen')).toBe(text.match(/^\*\*Screen\.\*\*/gm)?.length);
  expect(count('shell') + count('output')).toBe((text.match(/^```/gm)?.length ?? 0) / 2);
});

test.each([
  ['hard   8866   8835 – 8897', 'hard  .  .'],
  ['R01  -6  -22 – 10  nicht unterscheidbar / no difference shown', 'R02    18   3 – 35     gestiegen / up'],
  ['log entry 219', 'log entry 7'],
  [`q ${'ab'.repeat(32)}`, `q ${'c0'.repeat(32)}`],
  ['manifest 46ac24911db41801…', 'manifest 0123456789abcdef…'],
  ['────  ──', '──────  ─'],
])('%j and %j differ in figures only', (one, other) => {
  expect(outline(one)).toBe(outline(other));
});

test('other words are other lines', () => {
  expect(outline('verified: room 1')).not.toBe(outline('NOT verified: room 1'));
  expect(outline('a  1')).not.toBe(outline('b  1'));
});

test('a line that ends with an ellipsis is the beginning of one that was said', () => {
  expect(isSaid('log entry 5 …', ['log entry 17 is there'])).toBe(true);
  expect(isSaid('log entry 5', ['log entry 17 is there'])).toBe(false);
  expect(isSaid('log entry 5', ['a', 'log entry 17'])).toBe(true);
});
