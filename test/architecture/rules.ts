import path from 'node:path';
import { type Source, type SyntaxNode, stringOf } from './source.ts';
import { isPure, zoneOf } from './zones.ts';

/** Hard length of a file in lines; `docs/style.md` aims at 200. */
export const fileLinesMax = 400;

/** Lines of the trusted base (`enclave` without `enclave/protocol`) that are neither blank nor comment. */
export const trustedBaseLinesMax = 4_060;

const doors = [
  'enclave/protocol/index.ts',
  'audit/index.ts',
  'audit/verifier.ts',
  'src/client/index.ts',
  'enclave/main.ts',
];
const defaultExportNeeded = ['vitest.config.ts', 'src/gateway/worker.ts', 'src/witness/worker.ts'];
const namesThatSayNothing = /^(utils?|helpers?|common|misc|shared|types)\.ts$/;
const sqlHeads = [
  String.raw`SELECT\s[\s\S]*\sFROM`,
  String.raw`(INSERT\s+INTO|DELETE\s+FROM|ATTACH|PRAGMA|DROP\s+(TABLE|VIEW)|COPY\s+\S+\s+(FROM|TO)|UPDATE\s+\S+\s+SET)`,
  String.raw`CREATE\s+(OR\s+REPLACE\s+)?(TEMP\s+)?(TABLE|VIEW|MACRO|TYPE)`,
].join('|');
const sqlInCapitals = new RegExp(String.raw`\b(${sqlHeads})\s`);
const sqlInAnyCase = new RegExp(String.raw`^\s*(${sqlHeads})\s`, 'i');

interface Rule {
  readonly says: string;
  /** Whether the rule speaks about this file. */
  readonly applies: (file: string) => boolean;
  /** Places where the file breaks it. */
  readonly broken: (source: Source) => readonly { readonly start: number }[];
}

const everywhere = () => true;
const isGivenTime = (file: string) =>
  isPure(file) || (['enclave', 'audit'].includes(zoneOf(file).name) && file !== 'enclave/main.ts');

const rules: readonly Rule[] = [
  {
    says: 'has a name that says nothing',
    applies: (file) => namesThatSayNothing.test(path.posix.basename(file)),
    broken: () => [{ start: 0 }],
  },
  {
    says: `is longer than ${fileLinesMax} lines`,
    applies: everywhere,
    broken: ({ text }) => (text.trimEnd().split('\n').length > fileLinesMax ? [{ start: 0 }] : []),
  },
  {
    says: 're-exports: only the doors may',
    applies: (file) => !doors.includes(file),
    broken: ({ topLevel }) => topLevel.filter((node) => node.type.startsWith('Export') && Boolean(node['source'])),
  },
  {
    says: 'has a default export',
    applies: (file) => !defaultExportNeeded.includes(file),
    broken: ({ nodes }) =>
      nodes.filter(({ type }) => type === 'ExportDefaultDeclaration' || type === 'TSExportAssignment'),
  },
  {
    says: 'has an enum, a namespace or a decorator',
    applies: everywhere,
    broken: ({ nodes }) =>
      nodes.filter(
        (node) =>
          node.type === 'TSEnumDeclaration' ||
          node.type === 'Decorator' ||
          (node.type === 'TSModuleDeclaration' && node['kind'] === 'namespace'),
      ),
  },
  {
    says: 'uses Math.random',
    applies: everywhere,
    broken: ({ nodes }) => nodes.filter((node) => isMember(node, 'Math', 'random')),
  },
  {
    says: 'reads the clock instead of being given the time',
    applies: isGivenTime,
    broken: ({ nodes }) => nodes.filter((node) => isMember(node, 'Date', 'now') || isDateOfNow(node)),
  },
  {
    says: 'writes SQL: only enclave/query and src/index do',
    applies: (file) =>
      zoneOf(file).name !== 'test' && !file.startsWith('enclave/query/') && !file.startsWith('src/index/'),
    broken: ({ file, nodes }) => nodes.filter((node) => isSql(stringOf(node) ?? '', file)),
  },
  {
    says: 'exports something without a doc comment',
    applies: (file) => zoneOf(file).name !== 'test',
    broken: (source) =>
      source.topLevel.filter(
        (node) => node.type === 'ExportNamedDeclaration' && Boolean(node['declaration']) && !isDocumented(node, source),
      ),
  },
];

/** What a file breaks of `docs/style.md` and `docs/architecture.md`, one sentence with file and line each. */
export function ruleFaults(source: Source): string[] {
  return rules
    .filter((rule) => rule.applies(source.file))
    .flatMap((rule) => rule.broken(source).map((place) => `${source.file}:${source.lineOf(place)}: ${rule.says}`));
}

/** The pages of `docs/` a file's comments point to. */
export function pagesNamed(source: Source): string[] {
  return source.comments.flatMap(({ text }) => [...text.matchAll(/\bdocs\/[\w./-]*\w/g)].map(([page]) => page));
}

/** Lines of code of the trusted base among these files. */
export function trustedBaseLines(sources: readonly Source[]): number {
  return sources
    .filter(({ file }) => zoneOf(file).name === 'enclave')
    .reduce((lines, { linesOfCode }) => lines + linesOfCode, 0);
}

function isMember(node: SyntaxNode, object: string, property: string): boolean {
  if (node.type !== 'MemberExpression') return false;
  const named = node['property'] as SyntaxNode;
  return (node['object'] as SyntaxNode)['name'] === object && (named['name'] ?? named['value']) === property;
}

/** `new Date()` and `Date()`, with or without the parentheses; `new Date(ms)` only converts. */
function isDateOfNow(node: SyntaxNode): boolean {
  if (node.type !== 'NewExpression' && node.type !== 'CallExpression') return false;
  if ((node['callee'] as SyntaxNode)['name'] !== 'Date') return false;
  return node.type === 'CallExpression' || (node['arguments'] as readonly unknown[]).length === 0;
}

/** Help texts start with "Select …": outside of the enclave only capitals count. */
function isSql(text: string, file: string): boolean {
  return sqlInCapitals.test(text) || (file.startsWith('enclave/') && sqlInAnyCase.test(text));
}

/** Overloads, and a schema with the type of the same name, share the comment above the first of them. */
function isDocumented(node: SyntaxNode, source: Source): boolean {
  const above = source.comments.findLast(({ end }) => end <= node.start);
  if (above?.text.startsWith('/**') && source.text.slice(above.end, node.start).trim() === '') return true;
  const name = nameOf(node);
  const twin = source.topLevel.find(
    (other) => other.start < node.start && name !== undefined && nameOf(other) === name,
  );
  return twin !== undefined && isDocumented(twin, source);
}

function nameOf(node: SyntaxNode): unknown {
  const declaration = node['declaration'] as SyntaxNode | null | undefined;
  const variables = declaration?.['declarations'] as readonly SyntaxNode[] | undefined;
  return ((variables?.[0] ?? declaration)?.['id'] as SyntaxNode | null | undefined)?.['name'];
}
