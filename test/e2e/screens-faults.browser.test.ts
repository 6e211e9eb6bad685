/** The screens when something is wrong: files that do not fit, altered evidence, stopped questions, and their own policy. */
import { formatKeyFile, newMember, retractRelease } from '@reinraum/client';
import { describe, expect, test } from 'vitest';
import { barriers } from '../support/browser.ts';
import { textFile, visits } from '../support/visit.ts';

const visit = visits();

test('a sealed answer altered on its way', async () => {
  await visit.open('analyst');
  await visit.page.getByRole('link', { name: 'Nach Bezirk' }).click();
  await visit.button('Antwort anfordern …').click();
  let altered = 0;
  await visit.page.route('**/rooms/small/statements', async (route) => {
    const response = await route.fetch();
    const body = await response.body();
    body[body.length - 1] = (body[body.length - 1] ?? 0) ^ 1;
    altered += 1;
    await route.fulfill({ response, body });
  });
  await visit.button('Kosten annehmen und anfordern').click();
  await visit.page.getByText('hielt der Prüfung nicht stand und wird nicht gezeigt').waitFor();
  expect(altered).toBe(1);
  expect(await barriers(visit.page)).toEqual([]);
});

test('a question that is forgotten while it runs leaves no answer to who comes next', async () => {
  await visit.open('analyst');
  await visit.page.getByRole('link', { name: 'Nach Bezirk' }).click();
  await visit.button('Antwort anfordern …').click();
  let deliver = () => {};
  const isForgotten = new Promise<void>((resolve) => {
    deliver = resolve;
  });
  const isDelivered = visit.page.waitForResponse('**/rooms/small/statements');
  await visit.page.route('**/rooms/small/statements', async (route) => {
    const response = await route.fetch();
    await isForgotten;
    await route.fulfill({ response });
  });
  await visit.button('Kosten annehmen und anfordern').click();
  await visit.button('Schlüssel vergessen').click();
  await visit.page.getByLabel('Schlüsseldatei').waitFor();
  const before = visit.page.url();
  deliver();
  await (await isDelivered).finished();
  await visit.page.unroute('**/rooms/small/statements');
  await visit.choose('cityDpo');
  await visit.button('Raum öffnen').click();
  await visit.page.getByText('Nur Mitglieder mit der Rolle „Analyse“').waitFor();
  expect(visit.page.url()).toBe(before);
  expect(await visit.page.getByText('Letzte Antwort ansehen').count()).toBe(0);
});

test('where the room does not answer, nothing is called forged', async () => {
  await visit.open('analyst');
  await visit.ask();
  const answer = await visit.downloaded('Antwort mit Nachweis (JSON)');
  const receipt = await visit.downloaded('Quittung (.tlog-proof)');
  await visit.page.getByRole('link', { name: 'Protokoll prüfen' }).click();
  await visit.page.route('**/rooms/small/**', (route) => route.abort());
  await visit.page.getByLabel('Oder Text einfügen').fill(answer);
  await visit.button('Prüfen').click();
  await visit.page.getByText('Der Raum ist nicht erreichbar').first().waitFor();
  await visit.page.getByLabel('Oder Text einfügen').fill(receipt);
  await visit.button('Prüfen').click();
  // A receipt needs nobody but the charter.
  await visit.page.getByText('Echt', { exact: true }).waitFor();
  expect(await visit.page.getByText('Nicht echt').count()).toBe(0);
  expect(visit.complaints.splice(0).every((complaint) => complaint.includes('ERR_FAILED'))).toBe(true);
});

test('a suspended question says why, and a data protection officer can clear it', async () => {
  await visit.page.route('**/rooms/small/catalogue', async (route) => {
    const response = await route.fetch();
    const catalogue = (await response.json()) as { queries: object[] };
    const queries = catalogue.queries.map((listed) => ({ ...listed, suspended: 5 }));
    await route.fulfill({ response, json: { ...catalogue, queries } });
  });
  await visit.open('cityDpo');
  await visit.page.getByRole('link', { name: 'Nach Bezirk' }).click();
  await visit.page.getByText('Eine Antwort ist gescheitert (Protokolleintrag 5)').waitFor();
  expect(await barriers(visit.page)).toEqual([]);
  await visit.button('Aussetzung aufheben …').click();
  await visit.button('Unterschreiben und aufheben').click();
  // Nothing failed in this room: it says so, and that reached the officer.
  await visit.page.getByText('ist nicht ausgesetzt').waitFor();
  expect(visit.complaints.splice(0)).toEqual([expect.stringContaining('422')]);
});

test('a retracted answer says so wherever it is shown', async () => {
  await visit.open('analyst');
  await visit.ask();
  const answer = await visit.downloaded('Antwort mit Nachweis (JSON)');
  const { charged } = JSON.parse(atob((JSON.parse(answer) as { document: { payload: string } }).document.payload)) as {
    charged: number;
  };
  await retractRelease(visit.room.client('cityDpo'), charged, 'wrong-data');
  await visit.page.getByRole('link', { name: 'Protokoll prüfen' }).click();
  await visit.page.getByLabel('Oder Text einfügen').fill(answer);
  await visit.button('Prüfen').click();
  await visit.page.getByText('Diese Antwort wurde zurückgezogen').waitFor();
  await visit.page.getByText('Grund: falsche Daten').waitFor();
  expect(await barriers(visit.page)).toEqual([]);
});

describe('what does not fit is named', () => {
  test('a log altered on its way', async () => {
    await visit.page.route('**/log/tile/entries/**', async (route) => {
      const response = await route.fetch();
      const body = await response.body();
      const at = Math.floor(body.length / 2);
      body[at] = (body[at] ?? 0) ^ 1;
      await route.fulfill({ response, body });
    });
    await visit.open('cityDpo');
    await visit.page.getByRole('link', { name: 'Protokoll prüfen' }).click();
    await visit.button('Protokoll nachrechnen').click();
    await visit.page.getByText('Das Protokoll stimmt nicht').waitFor();
    await visit.page.getByText('Erste verletzte Regel: entry-mismatch').waitFor();
  });

  test('an object altered on its way among many', async () => {
    await visit.page.route('**/log/objects', async (route) => {
      const response = await route.fetch();
      const body = await response.body();
      body[body.length - 2] = (body.at(-2) ?? 0) ^ 1;
      await route.fulfill({ response, body });
    });
    await visit.open('cityDpo');
    await visit.page.getByRole('link', { name: 'Protokoll prüfen' }).click();
    await visit.button('Protokoll nachrechnen').click();
    await visit.page.getByText('Das Protokoll stimmt nicht').waitFor();
    await visit.page.getByText('Erste verletzte Regel: object').waitFor();
  });

  test('a question shown under the digest of another', async () => {
    await visit.page.route('**/rooms/small/catalogue', async (route) => {
      const response = await route.fetch();
      const text = await response.text();
      await route.fulfill({ response, body: text.replaceAll('Nach Bezirk', 'Nach Straße') });
    });
    await visit.page.goto(`${visit.room.installation.url}/app/#/small`);
    await visit.choose('cityDpo');
    await visit.button('Raum öffnen').click();
    await visit.page.getByText('die nicht zu ihrer Kennung passt').waitFor();
    expect(await visit.page.getByText('Nach Straße').count()).toBe(0);
  });

  test.each([
    ['a charter that is none', '{}', 'Das ist keine Charta'],
    ['nothing', '', 'Das ist keine Charta'],
  ])('%s', async (_, text, says) => {
    await visit.page.goto(`${visit.room.installation.url}/app/#/small`);
    await visit.choose('analyst');
    await visit.page.getByLabel('Charta', { exact: true }).setInputFiles(textFile('charter.json', text));
    await visit.button('Raum öffnen').click();
    await visit.page.getByText(says).waitFor();
    expect(await barriers(visit.page)).toEqual([]);
  });

  test('a key of somebody else, and one file for the other', async () => {
    await visit.page.goto(`${visit.room.installation.url}/app/#/small`);
    await visit.choose('analyst');
    const charter = { ...visit.room.instance.charter, members: visit.room.instance.charter.members.slice(0, 4) };
    const other = JSON.stringify({ ...visit.room.instance, charter });
    await visit.page.getByLabel('Charta', { exact: true }).setInputFiles(textFile('charter.json', other));
    await visit.button('Raum öffnen').click();
    await visit.page.getByText('gehört keinem Mitglied').waitFor();
    await visit.page.getByLabel('Schlüsseldatei').setInputFiles(textFile('charter.json', other));
    await visit.button('Raum öffnen').click();
    await visit.page.getByText('Das ist keine Schlüsseldatei').waitFor();
  });
});

test('an enclave that is not the charter’s is not believed, and a replaced key is refused by the room', async () => {
  await visit.page.route('**/rooms/small/status', async (route) => {
    const response = await route.fetch();
    const status = (await response.json()) as { claims: { payload: string } };
    const payload = atob(status.claims.payload).replace('"startedAt":"2', '"startedAt":"1');
    await route.fulfill({ response, json: { ...status, claims: { ...status.claims, payload: btoa(payload) } } });
  });
  await visit.page.goto(`${visit.room.installation.url}/app/#/small`);
  await visit.choose('analyst');
  await visit.button('Raum öffnen').click();
  await visit.page.getByText('kann nicht nachweisen').waitFor();
  await visit.page.unroute('**/rooms/small/status');

  const stranger = newMember('city/planning', ['analyst']);
  const posing = { ...stranger, member: { ...stranger.member, ref: visit.room.people.analyst.member.ref } };
  await visit.page.getByLabel('Schlüsseldatei').setInputFiles(textFile('key.json', formatKeyFile(posing)));
  await visit.button('Raum öffnen').click();
  await visit.page.getByText('Dieser Schlüssel gehört keinem Mitglied des Raums').waitFor();
  expect(visit.complaints.splice(0)).toEqual([expect.stringContaining('422')]);
});

test('a data protection officer stops a question, and it is not answered any more', async () => {
  await visit.open('bureauDpo');
  await visit.page.getByRole('link', { name: 'Nach Bezirk' }).click();
  await visit.page.getByText('Nur Mitglieder mit der Rolle „Analyse“').waitFor();
  await visit.button('Frage widerrufen …').click();
  expect(await barriers(visit.page)).toEqual([]);
  await visit.button('Endgültig widerrufen').click();
  await visit.page.getByText('wird nicht mehr beantwortet').waitFor();
  expect(await barriers(visit.page)).toEqual([]);
  const { queries } = await visit.room.client('cityDpo').catalogue();
  expect(queries.find(({ digest }) => digest === visit.query)?.revoked).toBe(true);
});

test('the check of barriers finds some', async () => {
  await visit.page.setContent('<p style="width: 500px; color: #ccc">grey on white</p><img src="data:,">');
  const found = (await barriers(visit.page)).join(' ');
  for (const fault of ['color-contrast', 'image-alt', 'html-has-lang', 'reflow']) expect(found).toContain(fault);
});

test('the pages come with their policy, and only the files that are there', async () => {
  const index = await fetch(`${visit.room.installation.url}/app/`);
  expect(index.headers.get('content-security-policy')).toContain("script-src 'self';");
  expect(index.headers.get('content-security-policy')).not.toMatch(/unsafe|\*|https?:/);
  expect(index.headers.get('cache-control')).toBe('no-cache');
  const [script = ''] = /assets\/[\w.-]+\.js/.exec(await index.text()) ?? [];
  const answer = await fetch(`${visit.room.installation.url}/app/${script}`);
  expect(answer.headers.get('content-type')).toMatch(/^text\/javascript/);
  expect(answer.headers.get('cache-control')).toContain('immutable');
  for (const path of [
    '/app/none.js',
    '/app/assets/..%2f..%2f_headers',
    '/app/%2e%2e/%2e%2e/package.json',
    '/app/assets/',
  ]) {
    expect((await fetch(`${visit.room.installation.url}${path}`)).status, path).toBe(404);
  }
});
