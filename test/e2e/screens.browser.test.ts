/** The screens in a real browser on a real room: from the key to the verified log, in both languages, without barriers. */
import { AggregateQuery, DerivedTable, digestOf, type Json } from '@reinraum/protocol';
import { expect, test } from 'vitest';
import { barriers } from '../support/browser.ts';
import { approved, byDistrict } from '../support/small-room.ts';
import { textFile, visits } from '../support/visit.ts';

/** What the first screen may cost: script, style, fonts, the room's status. */
const firstScreenBytesMax = 500_000;
const firstScreenRequestsMax = 8;

const visit = visits();

test('the first screen is small and soon there', async () => {
  const sizes: Promise<number>[] = [];
  visit.page.on('requestfinished', (request) => {
    sizes.push(request.sizes().then(({ responseBodySize }) => responseBodySize));
  });
  const begun = performance.now();
  await visit.page.goto(`${visit.room.installation.url}/app/#/small`);
  await visit.button('Raum öffnen').waitFor();
  const ms = Math.round(performance.now() - begun);
  await visit.page.waitForLoadState('networkidle');
  const bytes = (await Promise.all(sizes)).reduce((total, size) => total + size, 0);
  process.stdout.write(`first screen interactive after ${ms} ms: ${sizes.length} requests, ${bytes} bytes\n`);
  expect(bytes).toBeLessThan(firstScreenBytesMax);
  expect(sizes.length).toBeLessThanOrEqual(firstScreenRequestsMax);
});

test('from the entrance to a verified answer, its files and the verified log', async () => {
  await visit.page.goto(visit.room.installation.url);
  await visit.page.getByRole('link', { name: 'Raum öffnen' }).click();
  await visit.heading('Mit Ihrem Schlüssel öffnen').waitFor();
  await visit.page.getByText('Synthetische Daten').waitFor();
  await visit.page.getByText('Ein zurückgesetztes Protokoll').waitFor();
  await visit.inBothLanguages();

  await visit.choose('analyst');
  await visit.button('Raum öffnen').click();
  await visit.heading('Freigegebene Fragen').waitFor();
  await visit.page.getByText('8 neue Antworten').waitFor();
  await visit.inBothLanguages();

  await visit.page.getByRole('link', { name: 'Nach Bezirk' }).click();
  await visit.heading('Vorschau').waitFor();
  await visit.page.getByLabel('Geschlecht').selectOption('f');
  await visit.inBothLanguages();
  await visit.button('Antwort anfordern …').click();
  await visit.page.getByText('Danach reicht das Budget noch für 7 neue Antworten').waitFor();
  expect(await barriers(visit.page)).toEqual([]);
  await visit.button('Kosten annehmen und anfordern').click();

  await visit.page.getByText('Geprüft in diesem Browser').waitFor();
  await visit.page.getByText('8 Zellen von 9 sind geheim').waitFor();
  const cells = await visit.page
    .getByRole('row')
    .filter({ hasText: '18 – 64' })
    .filter({ hasText: 'alpha' })
    .innerText();
  const [shown] = /\b[34]\d\d\b/.exec(cells) ?? [];
  // σ = 2: a value 12 σ off would be one in 10^32.
  expect(Math.abs(Number(shown) - 400)).toBeLessThan(24);
  const hidden = visit.page.getByRole('row').filter({ hasText: 'beta' }).first();
  expect(await hidden.innerText()).toContain('geheim');
  expect(await hidden.getByRole('cell').allInnerTexts()).not.toContain('0');
  await visit.page.getByRole('img', { name: 'Balkendiagramm' }).waitFor();
  await visit.inBothLanguages();

  const csv = await visit.downloaded('Tabelle als CSV (Excel)');
  expect(csv.startsWith('\uFEFF')).toBe(true);
  expect(csv).toContain(`alpha;18 – 64;${shown};`);
  expect(csv).toContain('beta;18 – 64;.;.;.;.;.\r\n');
  await visit.button('Bereiche mit natürlicher Schwankung zeigen').click();
  await visit.page.getByRole('columnheader', { name: '95-%-Bereich mit Schwankung' }).waitFor();
  await visit.button('Bereiche nur für das Rauschen zeigen').click();
  const answer = await visit.downloaded('Antwort mit Nachweis (JSON)');
  const receipt = await visit.downloaded('Quittung (.tlog-proof)');
  expect(receipt).toMatch(/^c2sp\.org\/tlog-proof@v1\n/);

  await visit.page.getByRole('link', { name: 'Protokoll prüfen' }).click();
  await visit.page.getByText('Der Prüfpunkt trägt die Unterschrift dieses Raums').waitFor();
  await visit.button('Protokoll nachrechnen').click();
  await visit.page.getByText('Das Protokoll stimmt').waitFor();
  await visit.page.getByText('Person ρ 1/8').first().waitFor();
  await visit.inBothLanguages();

  for (const genuine of [receipt, answer]) {
    await visit.page.getByLabel('Oder Text einfügen').fill(genuine);
    await visit.button('Prüfen').click();
    await visit.page.getByText('Echt', { exact: true }).waitFor();
  }
  // One hash of the proof, and one byte of the answer, replaced.
  const badReceipt = receipt.replace(
    /(\nindex \d+\n)(.)/,
    (_, before: string, first: string) => before + (first === 'A' ? 'B' : 'A'),
  );
  const badAnswer = answer.replace(
    /"payload": "(.{40})(.)/,
    (_, head: string, one: string) => `"payload": "${head}${one === 'A' ? 'B' : 'A'}`,
  );
  for (const forged of [badReceipt, badAnswer]) {
    expect([receipt, answer]).not.toContain(forged);
    await visit.page.getByLabel('Oder Text einfügen').fill(forged);
    await visit.button('Prüfen').click();
    await visit.page.getByText('Nicht echt', { exact: true }).waitFor();
  }
  expect(await barriers(visit.page)).toEqual([]);
});

test('the log is verified with few requests, however many objects it rests on', async () => {
  const asked: { readonly url: string; readonly objects: number }[] = [];
  visit.page.on('request', (request) => {
    const { objects = [] } = (request.postDataJSON() ?? {}) as { objects?: readonly string[] };
    if (request.url().includes('/log/objects')) asked.push({ url: request.url(), objects: objects.length });
  });
  await visit.open('cityDpo');
  await visit.page.getByRole('link', { name: 'Protokoll prüfen' }).click();
  await visit.button('Protokoll nachrechnen').click();
  await visit.page.getByText('Das Protokoll stimmt').waitFor();
  expect(asked.every(({ url }) => url.endsWith('/log/objects'))).toBe(true);
  expect(asked.reduce((total, { objects }) => total + objects, 0)).toBeGreaterThan(15);
  // The charter that names the log's key, the entries' objects, and the charter's two schemas one after the other.
  expect(asked.length).toBeLessThanOrEqual(4);
});

test('a repeat is free, says so, and is proved by the release it repeats', async () => {
  await visit.open('analyst');
  await visit.ask();
  await visit.page.getByRole('link', { name: 'Fragen', exact: true }).click();
  await visit.ask();
  await visit.page.getByText('noch einmal abgerufen, ohne Kosten').waitFor();
  const answer = await visit.downloaded('Antwort mit Nachweis (JSON)');
  await visit.page.getByRole('link', { name: 'Protokoll prüfen' }).click();
  await visit.page.getByLabel('Quittung oder Antwort', { exact: true }).setInputFiles(textFile('answer.json', answer));
  await visit.button('Prüfen').click();
  await visit.page.getByText('Echt', { exact: true }).waitFor();
});

test('a rate is computed in the browser from two answers, each with its proof', async () => {
  const { params: _params, where: _where, ...everybody } = byDistrict;
  const all = { ...everybody, id: 'all', title: { de: 'Alle', en: 'All' } };
  const table = DerivedTable.parse({
    ...Object.fromEntries(
      ['apiVersion', 'sentence', 'purpose', 'legalBasis', 'recipients', 'expires'].map((name) => [
        name,
        byDistrict[name as 'purpose'],
      ]),
    ),
    kind: 'DerivedTable',
    id: 'share',
    title: { de: 'Anteil nach Geschlecht', en: 'Share by sex' },
    params: { sex: { oneOf: ['f', 'm'] } },
    inputs: {
      some: { query: visit.query, measure: 'persons', parameters: { sex: '$sex' } },
      all: { query: await approved(visit.room, AggregateQuery.parse(all)), measure: 'persons' },
    },
    axes: [
      { as: 'district', from: { some: 'district', all: 'district' } },
      { as: 'age', from: { some: 'age', all: 'age' } },
    ],
    measure: { as: 'share', fn: 'ratio', of: 'some', over: 'all', per: 100, decimals: 1 },
  });
  const digest = digestOf(table as Json);
  await visit.room.client('analyst').act('query.propose', { query: digest }, { object: table });
  for (const person of ['steward', 'cityDpo', 'bureauDpo'] as const) {
    await visit.room.client(person).act('query.approve', { query: digest });
  }
  await visit.open('analyst');
  await visit.page.getByRole('link', { name: 'Anteil nach Geschlecht' }).click();
  await visit.page.getByLabel('Geschlecht').selectOption('f');
  await visit.button('Tabelle berechnen …').click();
  await visit.button('Kosten annehmen und berechnen').click();
  await visit.page.getByText('Geprüft in diesem Browser').nth(1).waitFor();
  await visit.page.getByText('8 Zellen von 9 sind geheim').waitFor();
  const cells = await visit.page
    .getByRole('row')
    .filter({ hasText: '18 – 64' })
    .filter({ hasText: 'alpha' })
    .innerText();
  // All of them are counted, give or take the noise of both.
  expect(Number(/(\d+),\d/.exec(cells)?.[1])).toBeGreaterThan(90);
  await visit.inBothLanguages();
  expect(await visit.downloaded('Tabelle als CSV (Excel)')).toContain('Quote (%)');
});

test('everything can be done with the keyboard, and Escape does nothing that costs', async () => {
  await visit.open('analyst');
  await visit.page.keyboard.press('Tab');
  await visit.page.getByRole('link', { name: 'Nach Bezirk' }).focus();
  await visit.page.keyboard.press('Enter');
  await visit.button('Antwort anfordern …').focus();
  await visit.page.keyboard.press('Enter');
  await visit.page.getByRole('dialog').waitFor();
  await visit.page.keyboard.press('Escape');
  await visit.page.getByRole('dialog').waitFor({ state: 'detached' });
  expect(await visit.page.evaluate('document.activeElement?.textContent')).toContain('Antwort anfordern');
});

test('the key is forgotten: by the button, and by reloading', async () => {
  await visit.open('analyst');
  await visit.button('Schlüssel vergessen').click();
  await visit.heading('Mit Ihrem Schlüssel öffnen').waitFor();
  await visit.open('analyst');
  await visit.page.reload();
  await visit.heading('Mit Ihrem Schlüssel öffnen').waitFor();
  const kept = 'Promise.all([indexedDB.databases(), caches.keys()]).then((all) => all.flat().length)';
  expect(await visit.page.evaluate(`[localStorage.length, sessionStorage.length, document.cookie]`)).toEqual([
    0,
    0,
    '',
  ]);
  expect(await visit.page.evaluate(kept)).toBe(0);
});
