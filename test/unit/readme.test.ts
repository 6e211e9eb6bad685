import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { reinraumProgram } from '../../src/cli/program.ts';
import { type Command, commandsIn, helpFault } from '../commands.ts';

const root = path.resolve(import.meta.dirname, '../..');
const pages = [
  'README.md',
  ...globSync(['CONTRIBUTING.md', 'SECURITY.md', 'audit/README.md', 'enclave/protocol/README.md', 'docs/**/*.md'], {
    cwd: root,
  }),
].toSorted();
const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};

/** The words of the command line a shown command comes to; `undefined` where another tool takes them. */
function cliWords({ script, words }: Command): string[] | undefined {
  if (script === undefined)
    return words.length === 0 || /^(test|bench|attacks)$/.test(words[0] ?? '') ? undefined : [...words];
  return /^(start|example)$/.test(script) ? [script, ...words] : undefined;
}

const program = reinraumProgram();

/** The help of the command that words come to, as `--help` prints it. */
function helpOf(words: readonly string[]): string {
  let command = program;
  for (const word of words.filter((word) => !word.startsWith('-'))) {
    const next = command.commands.find((one) => one.name() === word || one.aliases().includes(word));
    if (!next) break;
    command = next;
  }
  return command.helpInformation();
}

describe.each(pages)('%s', (page) => {
  const text = () => readFileSync(path.join(root, page), 'utf8');

  test('shows only commands that exist', () => {
    for (const command of commandsIn(text())) {
      if (command.script !== undefined) expect(Object.keys(scripts)).toContain(command.script);
      const words = cliWords(command);
      if (words !== undefined) expect(helpFault(words, helpOf(words)), `reinraum ${words.join(' ')}`).toBeUndefined();
    }
  });

  test('links only to files that exist', () => {
    const links = [...text().matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)/g)].map(([, target = '']) => target);
    const folder = path.dirname(path.join(root, page));
    expect(links.filter((target) => !existsSync(path.resolve(folder, target)))).toEqual([]);
  });
});

describe('the check of commands', () => {
  const block = (...lines: string[]) => ['```sh', ...lines, '```', ''].join('\n');

  test.each([
    ['npm start', 'start', []],
    ['$ npm start -- --once --json | jq .   # one round', 'start', ['--once', '--json']],
    ['CI=true npm test', 'test', []],
    ['npm run bench', 'bench', []],
    ['npm run --silent example -- neuss --json', 'example', ['neuss', '--json']],
    ['npm start --silent -- --port "$PORT" &', 'start', ['--port', '"$PORT"', '&']],
    ['npm run bench:accuracy', 'bench:accuracy', []],
    ['npx reinraum verify bundle.json \\\n  --offline', undefined, ['verify', 'bundle.json', '--offline']],
    ['node src/launch.mjs keygen --out key', undefined, ['keygen', '--out', 'key']],
  ])('reads %j', (line, script, words) => {
    expect(commandsIn(block(line))).toEqual([{ script, words }]);
  });

  test('leaves alone what is not ours, and other blocks', () => {
    expect(commandsIn(block('git clone x && cd x && npm ci', '# npm start'))).toEqual([]);
    expect(commandsIn(block('reinraum "$@" --url "$URL"'))).toEqual([]);
    expect(commandsIn('```sh needs=x\nnpm start\n```\n')).toEqual([{ script: 'start', words: [] }]);
    expect(commandsIn('```yaml\nnpm start\n```\nnpm start\n')).toEqual([]);
    expect(commandsIn(block('cd x && npm start'))).toEqual([{ script: 'start', words: [] }]);
  });

  const program = 'Usage: reinraum [options] [command]\n\nCommands:\n  keygen  new keys\n';
  const keygen = 'Usage: reinraum keygen [options]\n\nOptions:\n  -o, --out <file>  where to\n';
  const policy = 'Usage: reinraum policy [options] [command]\n\nCommands:\n  check <folder>\n';

  test.each([
    [['keygen', '--out', 'k'], keygen, undefined],
    [['keygen', '-o', 'k'], keygen, undefined],
    [['keygen', '--output=k'], keygen, 'has no option --output'],
    [['keygen', '--ou'], keygen, 'has no option --ou'],
    [['keygone'], program, 'is no command'],
    [['policy', 'sign', 'x'], policy, 'has no subcommand sign'],
    [['keygen'], 'Error', 'prints no usage'],
  ])('judges %j', (words, help, fault) => {
    expect(helpFault(words, help)).toBe(fault);
  });
});
