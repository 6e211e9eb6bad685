/** The tour, as it is written: its commands in one shell, its screens in Chromium, its outputs beside what really came out. */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { repositoryRoot } from '../../src/cli/root.ts';
import { chromiumPath, needsChromium, startChromium, watchedPage } from '../support/browser.ts';
import { sharedData } from '../support/example-source.ts';
import { doStep } from '../support/screen-visit.ts';
import { ShellSession } from '../support/shell-session.ts';
import { isSaid, type ScreenStep, tourSections } from '../support/tour-page.ts';

const page = await readFile(join(repositoryRoot, 'docs', 'tour.md'), 'utf8');
const sections = tourSections(page);

/** What a block may say it needs: why it is skipped, undefined where it is there. */
const missing: Readonly<Record<string, string | undefined>> = {
  pums: existsSync(join(sharedData, 'smartnoise-pums', 'PUMS_pid.csv'))
    ? undefined
    : 'needs PUMS_pid.csv in ../shared/data/smartnoise-pums',
};

/** What must come out of a section, whatever the figures are. */
const essentials: Readonly<Record<string, readonly RegExp[]>> = {
  'One year’s plan of a whole room': [/left: ρ 7\/128/, /"verified": true/, /gezeigt +geheim/],
  'Writing policies': [/population person: cap ρ 3\/16/, /query\.json/],
  'Handing data over': [
    /row 2, column "district": not-in-code-list/,
    /the upload is dead\n(?![\s\S]*sealing)/,
    /"admitted":true/,
    /version 2, follows version 1: admitted, asked now/,
  ],
  'A question with every measure': [
    /split-overlap/,
    /nothing was signed; after reading the warnings/,
    /runs left: 3/,
    /shown from/,
    /charged at log entry \d+/,
    /mean \(euro\)/,
    /women \(%\)/,
    /median \(euro\)/,
    /conduct/,
  ],
  'Ratios and changes of two owners’ tables': [/(no difference shown|\/ up|\/ down)/, /stored release, at no charge/],
  'Verifying what happened': [/^verified: room/m, /NOT verified: entry \d+: journal/],
  'When an answer fails': [
    /enclave-failed/,
    /query-suspended/,
    /suspended after the failure of log entry \d+/,
    /beratungsfaelle [0-9a-f]{64}\n {2}approved/,
  ],
  'When an answer was wrong': [/Nicht mehr verwenden/, /Use it no longer/],
  'When a key is lost': [/actor-unknown/, /approved; others/, /the new keys are in force/],
  'Programs instead of people': [/openapi 3\.1/, /runs left: \d/, /room-unknown/],
  'The gateway as a Worker': [/worker\.js/],
  'The other accountant': [/"verified": true/, /ε 4 von \/ of 5/],
  'Tidying up': [/^verified: room/m],
};

let tour: string;
let port: number;
let shell: ShellSession;
let browser: Browser | undefined;
/** Sections that broke off: nothing after them can be trusted. */
let broken: string | undefined;

beforeAll(async () => {
  tour = await mkdtemp(join(tmpdir(), 'reinraum-tour-'));
  port = await freePort();
  shell = new ShellSession(repositoryRoot, tour, { TOUR: join(tour, 'tour'), PORT: String(port) });
  if (chromiumPath !== undefined) browser = await startChromium();
});
afterAll(async () => {
  await browser?.close();
  await shell.close();
  await rm(tour, { recursive: true, force: true });
});

describe.each(sections.filter(({ parts }) => parts.length > 0))('$title', ({ title, parts }) => {
  test('does what it says', { timeout: 300_000 }, async (context) => {
    if (broken !== undefined) throw new Error(`"${broken}" broke off; this section builds on it`);
    // A section is done as a whole or not at all.
    const needs = parts.flatMap((part) => (part.kind === 'shell' && part.needs ? [part.needs] : []));
    const reason = needs.map(reasonFor).find((why) => why !== undefined);
    if (reason !== undefined) return context.skip(reason);
    broken = title;
    let said = '';
    for (const part of parts) {
      if (part.kind === 'shell') said += await shell.run(part.text);
      if (part.kind === 'screen') await onScreen(part.steps);
    }
    broken = undefined;
    for (const essential of essentials[title] ?? []) expect(said).toMatch(essential);
    const lines = said.split('\n');
    const promised = parts.flatMap((part) => (part.kind === 'output' ? part.lines : []));
    const notSaid = promised.filter((line) => !isSaid(line, lines));
    expect(notSaid, said).toEqual([]);
    return undefined;
  });
});

test('every essential belongs to a section of the tour', () => {
  const titles = sections.map(({ title }) => title);
  expect(Object.keys(essentials).filter((title) => !titles.includes(title))).toEqual([]);
});

test('all screens of the tour were visited', (context) => {
  if (browser === undefined) return context.skip(needsChromium);
  expect(visited).toBe(sections.flatMap(({ parts }) => parts.filter(({ kind }) => kind === 'screen')).length);
  return undefined;
});

let visited = 0;

async function onScreen(steps: readonly ScreenStep[]): Promise<void> {
  if (browser === undefined) return;
  const origin = `http://127.0.0.1:${port}`;
  const watched = await watchedPage(browser, origin);
  const file = (path: string) => path.replace('$TOUR', join(tour, 'tour'));
  for (const step of steps) {
    await doStep(watched.page, step, { origin, file }).catch((error: unknown) => {
      throw new Error(`the screen did not do this: ${JSON.stringify(step)}`, { cause: error });
    });
  }
  await watched.page.context().close();
  expect(watched.complaints).toEqual([]);
  visited += 1;
}

function reasonFor(need: string): string | undefined {
  if (!(need in missing)) throw new Error(`the tour needs "${need}", which no test knows`);
  return missing[need];
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
