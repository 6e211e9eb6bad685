import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { fileLinesMax, pagesNamed, ruleFaults, trustedBaseLines, trustedBaseLinesMax } from './architecture/rules.ts';
import { readSource } from './architecture/source.ts';
import { declaredPackages, root, sourceTree } from './architecture/tree.ts';
import { importFaults, zones } from './architecture/zones.ts';

const tree = sourceTree();
const declared = declaredPackages();
const declaredBy = (zone: string) => declared.get(zone) ?? new Set<string>();

describe('the tree', () => {
  test('has files in every zone that has code', () => {
    const folders = new Set(tree.map(({ file }) => file.split('/')[0]));
    expect([...folders]).toEqual(expect.arrayContaining(['audit', 'enclave', 'src', 'test']));
    expect(tree.some(({ file }) => file.startsWith('src/web/') && file.endsWith('.tsx'))).toBe(true);
  });

  test('imports only what the table of the three zones allows', () => {
    const faults = tree.flatMap((source) => importFaults(source, declaredBy(zoneNameOf(source.file))));
    expect(faults).toEqual([]);
  });

  test('keeps the rules of docs/style.md', () => {
    expect(tree.flatMap(ruleFaults)).toEqual([]);
  });

  test(`keeps the trusted base at or below ${trustedBaseLinesMax} lines of code`, () => {
    expect(trustedBaseLines(tree)).toBeLessThanOrEqual(trustedBaseLinesMax);
  });

  test('points only to pages that exist', () => {
    const missing = tree
      .filter(({ file }) => !file.startsWith('test/architecture'))
      .flatMap((source) => pagesNamed(source).map((page) => ({ file: source.file, page })))
      .filter(({ page }) => !pageExists(page));
    expect(missing).toEqual([]);
  });

  test.each(zones.filter(({ npm }) => npm !== 'any'))('declares for $name only what the table allows', (zone) => {
    const allowed = new Set([zone.mayImport, zone.npm].flat());
    expect([...declaredBy(zone.name)].filter((name) => !allowed.has(name))).toEqual([]);
  });

  test('has the table docs/architecture.md shows', () => {
    const rows = tableRows(readFileSync(path.join(root, 'docs/architecture.md'), 'utf8'));
    const columns = ['@reinraum/protocol', '@reinraum/audit', '@reinraum/client', '@reinraum/enclave', 'reinraum'];
    for (const { name, packageName, mayImport } of zones.filter((zone) => zone.name !== 'test')) {
      const marks = rows.get(name);
      expect(marks, `row ${name}`).toBeDefined();
      columns.forEach((column, index) => {
        const allowed = /^(✓|types only)$/.test(marks?.[index] ?? '');
        if (column !== packageName) expect(allowed, `${name} → ${column}`).toBe(mayImport.includes(column));
      });
    }
  });
});

describe('the check of imports', () => {
  const faults = (file: string, text: string) => importFaults(readSource(file, text), new Set(['zod', 'hono', 'pkg']));

  test.each([
    [
      'enclave/protocol/a.ts',
      `import { x } from '@reinraum/audit';`,
      'enclave/protocol may not import @reinraum/audit',
    ],
    ['enclave/protocol/a.ts', `import 'node:fs';`, 'node:fs: enclave/protocol uses no Node modules here'],
    ['enclave/protocol/a.ts', `import type { Hono } from 'hono';`, 'enclave/protocol may not import hono'],
    ['enclave/protocol/a.ts', `import { x } from '../limits.ts';`, '../limits.ts leaves enclave/protocol'],
    ['audit/tree.ts', `import { readFileSync } from 'node:fs';`, 'node:fs: audit uses no Node modules here'],
    ['audit/a.ts', `export * from '@reinraum/enclave';`, 'audit may not import @reinraum/enclave'],
    ['enclave/a.ts', `type T = import('../src/host/sandbox.ts').Sandbox;`, '../src/host/sandbox.ts leaves enclave'],
    ['enclave/a.ts', `import { x } from './protocol/bytes.ts';`, './protocol/bytes.ts leaves enclave'],
    ['enclave/a.ts', `const m = await import('reinraum');`, 'enclave may not import reinraum'],
    ['enclave/a.ts', 'const m = await import(name);', 'a computed import: nobody can say what it loads'],
    ['enclave/a.ts', `const m = require('hono');`, 'a computed import: nobody can say what it loads'],
    ['enclave/a.ts', `import fs = require('fs');`, 'a computed import: nobody can say what it loads'],
    ['enclave/a.ts', `import { createRequire } from 'node:module';`, 'node:module can load anything'],
    [
      'enclave/privacy/a.ts',
      `import d from '@duckdb/node-api';`,
      '@duckdb/node-api may be imported in enclave/engine/',
    ],
    [
      'src/cli/a.ts',
      `import d from '@duckdb/node-api';`,
      '@duckdb/node-api may be imported in enclave/engine/, src/index/',
    ],
    ['src/gateway/a.ts', `import { x } from '../index/row.ts';`, 'src/index/ may be imported in src/index/, src/cli/'],
    [
      'enclave/a.ts',
      `import { x } from '@noble/hashes/sha2.js';`,
      '@noble/hashes is not in the package.json of enclave',
    ],
    ['src/a.ts', `import { x } from '@reinraum/enclave';`, 'src may not import @reinraum/enclave'],
    ['src/a.ts', `import { x } from '../enclave/answer.ts';`, '../enclave/answer.ts leaves src'],
    ['src/a.ts', `import { x } from '@reinraum/protocol/bytes.ts';`, 'goes round the door of @reinraum/protocol'],
    ['src/a.ts', `import { x } from './client/ask.ts';`, './client/ask.ts leaves src'],
    ['src/client/a.ts', `import 'node:fs';`, 'node:fs: src/client uses no Node modules here'],
    ['src/client/a.ts', `import { x } from '@reinraum/audit';`, '@reinraum/audit needs a disk'],
    ['src/web/a.tsx', `import { x } from '../gateway/app.ts';`, '../gateway/app.ts leaves src/web'],
    ['src/witness/app.ts', `import 'node:fs';`, 'node:fs: src/witness/ runs on Workers and uses no Node modules here'],
    ['src/a.ts', `import fs from 'fs';`, 'fs is not in the package.json of src'],
    ['src/a.ts', `import { x } from '#internal';`, '#internal is neither a package nor a relative path'],
    ['src/a.ts', `import { x } from './b';`, './b lacks its ending'],
    ['test/a.ts', `import { x } from 'unlisted';`, 'unlisted is not in the package.json of test'],
    ['policies/a.ts', `import { x } from '@reinraum/protocol';`, 'policies may import types only'],
  ])('refuses in %s: %j', (file, text, fault) => {
    const found = faults(file, `\n${text}`);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(`${file}:2: `);
    expect(found[0]).toContain(fault);
  });

  test.each([
    ['enclave/protocol/a.ts', `import { z } from 'zod'; import { y } from './b.ts';`],
    ['audit/durable.ts', `import { open } from 'node:fs/promises';`],
    ['enclave/a.ts', `import { readFileSync } from 'node:fs';`],
    ['src/witness/node.ts', `import { open } from 'node:fs/promises';`],
    ['test/a.ts', `import { x } from '../enclave/answer.ts'; await import(name);`],
    ['src/web/a.tsx', `import { x } from './b.tsx'; const y = <p>{x}</p>;`],
    ['src/cli/a.ts', `import { x } from '../index/row.ts';`],
    ['enclave/a.ts', '// import "hono"\n/* import "hono" */ const s = `import "hono"`; const r = /import "hono"/;'],
  ])('accepts in %s: %j', (file, text) => {
    expect(faults(file, text)).toEqual([]);
  });
});

describe('the check of style', () => {
  const faults = (file: string, text: string) =>
    ruleFaults(readSource(file, text)).map((fault) => fault.split(': ')[1]);

  test.each([
    ['src/utils.ts', '', 'has a name that says nothing'],
    ['test/types.ts', '', 'has a name that says nothing'],
    ['src/index.ts', `export * from './a.ts';`, 're-exports'],
    ['src/index.ts', `export { a } from './a.ts';`, 're-exports'],
    ['src/a.ts', '/** A. */\nexport default 3;', 'has a default export'],
    ['src/a.ts', 'enum E { A }', 'has an enum, a namespace or a decorator'],
    ['src/a.ts', 'namespace N { export const a = 1; }', 'has an enum, a namespace or a decorator'],
    ['src/a.ts', '@sealed class A {}', 'has an enum, a namespace or a decorator'],
    ['test/a.ts', 'const x = Math.random();', 'uses Math.random'],
    ['test/a.ts', `const x = Math['random'];`, 'uses Math.random'],
    ['enclave/a.ts', 'const t = Date.now();', 'reads the clock instead of being given the time'],
    ['audit/a.ts', 'const t = new Date();', 'reads the clock instead of being given the time'],
    ['enclave/a.ts', 'const clock = Date.now;', 'reads the clock instead of being given the time'],
    ['enclave/engine/a.ts', 'run(`select ${x} from t`);', 'writes SQL'],
    ['src/a.ts', `run('SELECT 1 FROM t ');`, 'writes SQL'],
    ['enclave/a.ts', `run('create table t (a int)');`, 'writes SQL'],
    ['enclave/a.ts', 'export const a = 1;', 'exports something without a doc comment'],
    ['enclave/a.ts', '/** Grüße 𝔸. */\nconst b = 2;\nexport const a = 1;', 'exports something without a doc comment'],
    ['enclave/a.ts', '// A.\nexport const a = 1;', 'exports something without a doc comment'],
  ])('finds in %s: %j', (file, text, fault) => {
    expect(faults(file, text)).toEqual([fault]);
  });

  test.each([
    ['audit/index.ts', `export * from './tree.ts';`],
    ['vitest.config.ts', 'export default {};'],
    ['enclave/main.ts', 'const t = Date.now();'],
    ['src/a.ts', 'const t = Date.now();'],
    ['enclave/a.ts', 'const t = new Date(ms); const s = "Date.now() Math.random()"; // new Date()'],
    ['enclave/query/print.ts', 'const s = `select ${x} from t`;'],
    ['src/index/print.ts', `run('SELECT 1 FROM t ');`],
    ['src/a.ts', `option('--area', 'Select an area from the list');`],
    ['enclave/a.ts', '/** Grüße 𝔸. */\nexport const a = 1;'],
    [
      'enclave/a.ts',
      '/** A. */\nexport function a(x: 1): 1;\nexport function a(x: 2): 2;\nexport function a(x) { return x; }',
    ],
  ])('accepts in %s: %j', (file, text) => {
    expect(faults(file, text)).toEqual([]);
  });

  test('counts the lines of a file', () => {
    expect(faults('src/a.ts', 'f();\n'.repeat(fileLinesMax))).toEqual([]);
    expect(faults('src/a.ts', 'f();\n'.repeat(fileLinesMax + 1))).toEqual([`is longer than ${fileLinesMax} lines`]);
  });

  test('counts code without blank lines and comments, and the contract not at all', () => {
    const text = '// a\n\n/* b\n c */\nconst x = `\n// not a comment\n`; // d\nf(x, "/*");\nconst r = /\\/*x/;\n';
    expect(readSource('enclave/a.ts', text).linesOfCode).toBe(5);
    const sources = ['enclave/a.ts', 'enclave/privacy/b.ts', 'enclave/protocol/c.ts', 'audit/d.ts', 'test/e.ts'];
    expect(trustedBaseLines(sources.map((file) => readSource(file, text)))).toBe(10);
  });

  test('finds the pages comments name, not those in strings', () => {
    const text =
      '/** See `docs/spec/query.md` §3, docs/threat-model.md. */\nconst a = "docs/no.md"; // docs/decisions/0001-x.md';
    expect(pagesNamed(readSource('enclave/a.ts', text))).toEqual([
      'docs/spec/query.md',
      'docs/threat-model.md',
      'docs/decisions/0001-x.md',
    ]);
  });

  test('refuses what does not parse', () => {
    expect(() => readSource('src/a.ts', 'const = ;')).toThrow();
  });
});

/** A decision may be named by its number alone: `docs/decisions/0003`. */
function pageExists(page: string): boolean {
  if (existsSync(path.join(root, page))) return true;
  return /^docs\/decisions\/\d{4}$/.test(page) && globSync(`${page}-*.md`, { cwd: root }).length === 1;
}

function zoneNameOf(file: string): string {
  return zones.find(({ name }) => file.startsWith(`${name}/`))?.name ?? 'test';
}

/** First cell (its code words) → the marks in the zone columns. */
function tableRows(page: string): Map<string, readonly string[]> {
  const rows = [...page.matchAll(/^\| `([\w/]+)`[^|]*\|(.*)\|$/gm)];
  return new Map(rows.map(([, name = '', cells = '']) => [name, cells.split('|').map((cell) => cell.trim())]));
}
