/** A command a page shows, split into words; comments, pipes and redirections are left out. */
export interface Command {
  /** The npm script, or `undefined` for words of the command line. */
  readonly script: string | undefined;
  readonly words: readonly string[];
}

/**
 * The commands of this project in the shell blocks of a Markdown page: `npm start`, `npm run x`, `npm test`,
 * `npx reinraum …`, `reinraum …`, `node src/launch.mjs …`. Others (`git`, `cd`) are not ours to check.
 */
export function commandsIn(page: string): Command[] {
  const blocks = [...page.matchAll(/^```(?:sh|bash|shell|console)\b[^\n]*\n([\s\S]*?)^```/gm)].map(
    ([, block = '']) => block,
  );
  const lines = blocks.flatMap((block) => block.replaceAll(/\\\n\s*/g, ' ').split('\n'));
  return lines.flatMap((line) => line.split(/\s(?:&&|\|\|?|;)\s/)).flatMap((line) => commandOf(line) ?? []);
}

function commandOf(line: string): Command | undefined {
  const [first = '', second = '', ...rest] = line
    .replace(/^\s*\$\s/, '')
    .replace(/(^|\s)[#>].*$/, '')
    .replaceAll(/(^|\s)[A-Z_]+=\S*(?=\s)/g, ' ')
    .split(/\s+/)
    .filter((word) => word !== '');
  if (first === 'npm' && second === 'run') {
    const [script = '', ...words] = withoutNpmOptions(rest);
    return { script, words };
  }
  if (first === 'npm' && ['start', 'test'].includes(second)) return { script: second, words: withoutNpmOptions(rest) };
  // What a shell function hands on is checked where the function is called.
  if (first === 'reinraum' && second === '"$@"') return undefined;
  if (first === 'npx' && second === 'reinraum') return { script: undefined, words: rest };
  if (first === 'reinraum') return { script: undefined, words: second === '' ? [] : [second, ...rest] };
  if (first === 'node' && second.endsWith('src/launch.mjs')) return { script: undefined, words: rest };
  return undefined;
}

/** Words npm hands to a script: its own options stand before `--`. */
function withoutNpmOptions(words: readonly string[]): string[] {
  const dashes = words.indexOf('--');
  const before = dashes === -1 ? words : words.slice(0, dashes);
  return [...before.filter((word) => !word.startsWith('-')), ...(dashes === -1 ? [] : words.slice(dashes + 1))];
}

/**
 * What is wrong with a command line, given the help `command words… --help` prints; `undefined` if nothing is. The
 * usage line must repeat the command, its subcommands must have been named, and every option must be listed.
 */
export function helpFault(words: readonly string[], help: string): string | undefined {
  const usage = /^Usage: reinraum(.*)$/m.exec(help)?.[1];
  if (usage === undefined) return 'prints no usage';
  const named = usage.split(/\s+/).filter((word) => /^[a-z][\w-]*(\|[\w-]+)?$/.test(word));
  const fits = named.every((name, index) => name.split('|').includes(words[index] ?? ''));
  if (!fits || (named.length === 0 && words.some((word) => !word.startsWith('-')))) return 'is no command';
  if (/^Commands:/m.test(help) && words.length > named.length && !words[named.length]?.startsWith('-')) {
    return `has no subcommand ${words[named.length] ?? ''}`;
  }
  const unknown = words
    .filter((word) => word.startsWith('-') && word !== '--')
    .map((word) => word.split('=')[0] ?? '')
    .find((option) => !new RegExp(`(^|[\\s,])${option}(?![\\w-])`, 'm').test(help));
  return unknown === undefined ? undefined : `has no option ${unknown}`;
}
