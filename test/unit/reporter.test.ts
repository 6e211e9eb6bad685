import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startVitest } from 'vitest/node';
import { TallyReporter } from '../reporter.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'reinraum-reporter-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Runs test files in a vitest of its own. */
async function tallyOf(files: Readonly<Record<string, string>>, testNamePattern?: string) {
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  const counter = new TallyReporter();
  const exitCode = process.exitCode;
  const pattern = testNamePattern === undefined ? {} : { testNamePattern };
  // In CI vitest turns a focused test into a failure by default; what is counted must not depend on where it runs.
  const common = { root: folder, config: false as const, globals: true, watch: false, maxWorkers: 1 };
  const options = { ...common, allowOnly: true, ...pattern };
  const vitest = await startVitest([], { ...options, reporters: [counter] });
  await vitest.close();
  // The failures inside are wanted: they must not fail the run they are in.
  process.exitCode = exitCode;
  return counter.tally();
}

test('counts passes, failures and skips with their reasons', async () => {
  const text = `
    test('good', () => {});
    test('bad', () => { throw new Error('no'); });
    test('excused', (ctx) => ctx.skip('no kernel here'));
    test.skip('forgotten', () => {});
    test.todo('never written');
    describe('group', () => { beforeAll(() => { throw new Error('hook'); }); test('inner', () => {}); });
  `;
  const { passed, failed, skipped } = await tallyOf({ 'a.test.ts': text });
  expect(passed).toBe(1);
  expect(skipped).toEqual([{ name: 'a.test.ts > excused', reason: 'no kernel here' }]);
  expect(failed.toSorted()).toEqual([
    'a.test.ts > bad',
    'a.test.ts > forgotten: skipped without a reason',
    'a.test.ts > group > inner: skipped without a reason',
    'a.test.ts > group: a hook failed',
    'a.test.ts > never written: skipped without a reason',
  ]);
});

test('counts what never became a test', async () => {
  const files = {
    'broken.test.ts': 'const = ;',
    'empty.test.ts': '',
    'stray.test.ts': `test('fine', async () => { void Promise.reject(new Error('stray')); await new Promise((r) => setTimeout(r, 20)); });`,
    'only.test.ts': `test.only('chosen', () => {}); test('left out', () => {});`,
  };
  const { passed, failed } = await tallyOf(files);
  expect(passed).toBe(2);
  expect(failed.toSorted()).toEqual([
    'broken.test.ts: did not load',
    'empty.test.ts: did not load',
    'only.test.ts > left out: skipped without a reason',
    'outside any test: stray',
  ]);
});

test('does not count what a name filter leaves out', async () => {
  const text = `test('one', () => {}); test('two', () => {});`;
  expect(await tallyOf({ 'a.test.ts': text }, 'two')).toEqual({ passed: 1, failed: [], skipped: [] });
});
