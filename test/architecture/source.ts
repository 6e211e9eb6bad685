import { parseAst } from 'vitest/node';

/** What the rules need to know of one TypeScript file. Lines count from 1. */
export interface Source {
  /** From the repository's root, with slashes. */
  readonly file: string;
  readonly text: string;
  readonly imports: readonly Import[];
  readonly nodes: readonly SyntaxNode[];
  readonly topLevel: readonly SyntaxNode[];
  readonly comments: readonly Comment[];
  readonly linesOfCode: number;
  lineOf(node: { readonly start: number }): number;
}

/** An import in any form: static, type-only, re-export, `import()` of a value or of a type. */
export interface Import {
  /** `undefined` where it is computed, so nobody can say what it loads. */
  readonly specifier: string | undefined;
  readonly typeOnly: boolean;
  readonly line: number;
}

/** An ESTree node as data; offsets are UTF-16 code units. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

interface Comment {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** Parses with the parser of the test runner (oxc): a syntax error throws. No type information, nothing is resolved. */
export function readSource(file: string, text: string): Source {
  const program = parseAst(text, {
    lang: file.endsWith('x') ? 'tsx' : 'ts',
    sourceType: 'module',
  }) as unknown as SyntaxNode;
  const nodes = [...walk(program)];
  const starts = [0, ...[...text.matchAll(/\n/g)].map((match) => match.index + 1)];
  const lineOf = ({ start }: { readonly start: number }) => starts.findLastIndex((first) => first <= start) + 1;
  const comments = commentsOf(text, nodes);
  return {
    file,
    text,
    nodes,
    comments,
    lineOf,
    topLevel: childNodes(program),
    imports: nodes.flatMap((node) => importOf(node, lineOf(node)) ?? []),
    linesOfCode: blank(text, comments)
      .split('\n')
      .filter((line) => line.trim() !== '').length,
  };
}

/** The text of a string literal or of a template's fixed parts, else `undefined`. */
export function stringOf(node: SyntaxNode): string | undefined {
  if (node.type === 'Literal' && typeof node['value'] === 'string') return node['value'];
  if (node.type === 'TemplateLiteral') {
    const quasis = node['quasis'] as readonly { value: { raw: string } }[];
    return quasis.map((quasi) => quasi.value.raw).join('?');
  }
  return undefined;
}

function importOf(node: SyntaxNode, line: number): Import | undefined {
  const source = node['source'] as SyntaxNode | null | undefined;
  const typeOnly = node['importKind'] === 'type' || node['exportKind'] === 'type';
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
      return source ? { specifier: stringOf(source), typeOnly, line } : undefined;
    case 'ImportExpression':
      return { specifier: source?.type === 'Literal' ? stringOf(source) : undefined, typeOnly: false, line };
    case 'TSImportType':
      return { specifier: source ? stringOf(source) : undefined, typeOnly: true, line };
    case 'TSImportEqualsDeclaration':
      return { specifier: undefined, typeOnly: false, line };
    case 'CallExpression': {
      const callee = node['callee'] as SyntaxNode;
      return callee['name'] === 'require' ? { specifier: undefined, typeOnly: false, line } : undefined;
    }
    default:
      return undefined;
  }
}

function* walk(node: SyntaxNode): Generator<SyntaxNode> {
  yield node;
  for (const child of childNodes(node)) yield* walk(child);
}

function childNodes(node: SyntaxNode): SyntaxNode[] {
  return Object.values(node)
    .flat()
    .filter((value): value is SyntaxNode => typeof value === 'object' && value !== null && 'type' in value);
}

/** Comments are not in the tree; outside of literals `//` and `/*` can be nothing else. */
function commentsOf(text: string, nodes: readonly SyntaxNode[]): Comment[] {
  const literals = nodes.filter((node) => node.type === 'Literal' || node.type === 'TemplateElement');
  const code = blank(text, literals, 'x');
  return [...code.matchAll(/\/\/.*|\/\*[\s\S]*?\*\//g)].map((match) => {
    const end = match.index + match[0].length;
    return { text: text.slice(match.index, end), start: match.index, end };
  });
}

function blank(text: string, spans: readonly { readonly start: number; readonly end: number }[], by = ' '): string {
  let result = '';
  let position = 0;
  for (const { start, end } of spans.toSorted((a, b) => a.start - b.start)) {
    if (start < position) continue;
    result += text.slice(position, start) + text.slice(start, end).replaceAll(/[^\n]/g, by);
    position = end;
  }
  return result + text.slice(position);
}
