/** Somebody's visit to the small room through its screens: what a person does, in one call each. */
import { readFile } from 'node:fs/promises';
import { formatKeyFile } from '@reinraum/client';
import type { CharterTemplate } from '@reinraum/protocol';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { repositoryRoot } from '../../src/cli/root.ts';
import { builtScreens } from '../../src/gateway/screens.ts';
import { barriers, chromiumPath, needsChromium, startChromium, type WatchedPage, watchedPage } from './browser.ts';
import { approved, type People, residentRecords, type SmallRoom, smallRoom, uploadResidents } from './small-room.ts';

/** A file for an input of the screens. */
export function textFile(name: string, text: string): { name: string; mimeType: string; buffer: Buffer } {
  return { name, mimeType: 'application/json', buffer: Buffer.from(text) };
}

/** The visit of the test that runs: a fresh profile for each, one room for the file. */
export class Visit {
  #room: SmallRoom | undefined;
  #browser: Browser | undefined;
  #watched: WatchedPage | undefined;
  /** Digest of the one question of the room. */
  query = '';

  get room(): SmallRoom {
    if (!this.#room) throw new Error('visit: there is no room');
    return this.#room;
  }

  get page(): Page {
    if (!this.#watched) throw new Error('visit: there is no page');
    return this.#watched.page;
  }

  /** What the page complained of so far. */
  get complaints(): string[] {
    return this.#watched?.complaints ?? [];
  }

  async begin(charter: (template: CharterTemplate) => CharterTemplate): Promise<void> {
    this.#room = await smallRoom({ screens: await builtScreens(repositoryRoot), charter });
    await uploadResidents(this.#room, residentRecords([400, 0, 3]));
    this.query = await approved(this.#room);
    this.#browser = await startChromium();
  }

  async end(): Promise<void> {
    await this.#browser?.close();
    await this.#room?.close();
  }

  async arrive(): Promise<void> {
    if (this.#browser) this.#watched = await watchedPage(this.#browser, this.room.installation.url);
  }

  async leave(): Promise<void> {
    await this.#watched?.page.context().close();
  }

  button(name: string): Locator {
    return this.page.getByRole('button', { name, exact: true });
  }

  heading(name: string): Locator {
    return this.page.getByRole('heading', { name, exact: true });
  }

  /** Chooses somebody's key and the charter. */
  async choose(person: keyof People): Promise<void> {
    const key = textFile('key.json', formatKeyFile(this.room.people[person]));
    await this.page.getByLabel('Schlüsseldatei').setInputFiles(key);
    const charter = textFile('charter.json', JSON.stringify(this.room.instance));
    await this.page.getByLabel('Charta', { exact: true }).setInputFiles(charter);
  }

  /** Opens the room as somebody. */
  async open(person: keyof People): Promise<void> {
    await this.page.goto(`${this.room.installation.url}/app/#/small`);
    await this.choose(person);
    await this.button('Raum öffnen').click();
    await this.heading('Freigegebene Fragen').waitFor();
  }

  /** Runs the one question of the room and waits for its verified answer. */
  async ask(): Promise<void> {
    await this.page.getByRole('link', { name: 'Nach Bezirk' }).click();
    await this.button('Antwort anfordern …').click();
    await this.button('Kosten annehmen und anfordern').click();
    await this.page.getByText('Geprüft in diesem Browser').waitFor();
  }

  /** The text of a file a button offers. */
  async downloaded(name: string): Promise<string> {
    const [download] = await Promise.all([this.page.waitForEvent('download'), this.button(name).click()]);
    return readFile(await download.path(), 'utf8');
  }

  /** The screen shown has no barrier in German, none in English, and is German again. */
  async inBothLanguages(): Promise<void> {
    await this.page.locator('html[lang="de"]').waitFor();
    expect(await barriers(this.page)).toEqual([]);
    await this.button('English').click();
    await this.page.locator('html[lang="en"]').waitFor();
    expect(await barriers(this.page)).toEqual([]);
    await this.button('Deutsch').click();
  }
}

/** Starts a room for the tests of a file, a page for each, on a charter that may differ; a page that complained fails its test. */
export function visits(charter = (template: CharterTemplate): CharterTemplate => template): Visit {
  const visit = new Visit();
  beforeAll(async () => {
    if (chromiumPath !== undefined) await visit.begin(charter);
  });
  afterAll(() => visit.end());
  beforeEach(async (context) => {
    if (chromiumPath === undefined) return context.skip(needsChromium);
    await visit.arrive();
    return undefined;
  });
  afterEach(async () => {
    await visit.leave();
    expect(visit.complaints).toEqual([]);
  });
  return visit;
}
