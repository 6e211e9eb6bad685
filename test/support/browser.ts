/** The distribution's Chromium, driven for tests: a fresh profile, no request of its own, and every complaint recorded. */
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, chromium, type Page } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome'];
const folders = (process.env['PATH'] ?? '').split(path.delimiter);

/** Where Chromium is; undefined where there is none. */
export const chromiumPath = folders.flatMap((folder) => names.map((name) => path.join(folder, name))).find(isProgram);

/** The reason to skip with where there is none. */
export const needsChromium = `needs one of ${names.join(', ')} on the PATH`;

/** Starts it. */
export function startChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath ?? '',
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** A page with what it complained of: console errors, broken policies, uncaught errors, requests to elsewhere. */
export interface WatchedPage {
  readonly page: Page;
  readonly complaints: string[];
}

/** A page in a profile of its own, in German. */
export async function watchedPage(browser: Browser, origin: string): Promise<WatchedPage> {
  const context = await browser.newContext({ locale: 'de-DE', viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`));
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.origin !== origin && url.protocol !== 'data:' && url.protocol !== 'blob:')
      complaints.push(`asks ${url.host}`);
  });
  return { page, complaints };
}

/**
 * What is wrong with the screen shown: findings of axe (WCAG 2.1 A and AA, and its best practices), and whether it must be
 * scrolled sideways at 320 CSS pixels, which is 1280 at 400 % zoom.
 */
export async function barriers(page: Page): Promise<string[]> {
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'];
  const { violations } = await new AxeBuilder({ page }).withTags(tags).analyze();
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
  const size = page.viewportSize();
  await page.setViewportSize({ width: 320, height: 700 });
  const width = Number(await page.evaluate('document.documentElement.scrollWidth'));
  if (size) await page.setViewportSize(size);
  return width > 320 ? [...found, `reflow: ${width} pixels wide`] : found;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
