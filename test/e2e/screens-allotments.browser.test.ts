/** A divided budget on the screens: who has which part of it, and how often what is left is enough for who looks. */
import { expect, test } from 'vitest';
import { barriers } from '../support/browser.ts';
import { visits } from '../support/visit.ts';

const delta = '1/1000';
const visit = visits((template) => ({
  ...template,
  populations: template.populations.map((population) => ({
    ...population,
    allotments: [
      { for: { party: 'city' }, rho: '1/4', delta },
      { for: { purpose: 'planning' }, rho: '1/2', delta },
    ],
  })),
}));

test('parts are shown with what is spent and left, and who looks sees how often they are enough', async () => {
  await visit.open('analyst');
  const { parties, purposes } = visit.room.instance.charter;
  const party = parties.find(({ id }) => id === 'city')?.title;
  const purpose = purposes.find(({ id }) => id === 'planning')?.title;
  await visit.page.getByText(`${party?.de}: ρ 0 von 1/4 verbraucht; es bleiben ρ 1/4`).waitFor();
  await visit.page.getByText(`${purpose?.de}: ρ 0 von 1/2 verbraucht; es bleiben ρ 1/2`).waitFor();
  // The city's part is enough for two, the budget would be for eight.
  await visit.page.getByText('2 neue Antworten').waitFor();
  await visit.button('English').click();
  await visit.page.getByText(`${party?.en}: ρ 0 of 1/4 spent; ρ 1/4 is left`).waitFor();
  expect(await barriers(visit.page)).toEqual([]);
  await visit.button('Deutsch').click();

  await visit.ask();
  await visit.page.getByRole('link', { name: 'Fragen', exact: true }).click();
  await visit.page.getByText(`${party?.de}: ρ 1/8 von 1/4 verbraucht; es bleiben ρ 1/8`).waitFor();
  await visit.page.getByRole('link', { name: 'Nach Bezirk' }).click();
  await visit.page.getByLabel('Geschlecht').selectOption('m');
  await visit.button('Antwort anfordern …').click();
  await visit.button('Kosten annehmen und anfordern').click();
  await visit.page.getByText('Geprüft in diesem Browser').waitFor();
  await visit.page.getByRole('link', { name: 'Fragen', exact: true }).click();
  await visit.page.getByText('0 neue Antworten').waitFor();
  await visit.page.getByText('Budget reicht nicht', { exact: true }).waitFor();
});

test('the replayed log names what populations have spent, not the same charge once more for each part', async () => {
  await visit.open('steward');
  await visit.page.getByRole('link', { name: 'Protokoll prüfen' }).click();
  await visit.button('Protokoll nachrechnen').click();
  await visit.page.getByText(/Verbraucht laut Protokoll: [^;ρ]+ ρ 1\/4\.$/).waitFor();
});
