/** Labels in words: what people read of the shipped questions has a German name wherever the policies give one. */
import { join } from 'node:path';
import { among, digestOf, type Json } from '@reinraum/protocol';
import { expect, test } from 'vitest';
import { type LabelNames, labelNames, plainLabels, tableLabelNames } from '../../src/cli/label-names.ts';
import { repositoryRoot } from '../../src/cli/root.ts';
import { loadPolicies } from '../../src/example/policy-files.ts';

const neuss = await loadPolicies(join(repositoryRoot, 'policies', 'neuss'));

function namesOf(id: string): LabelNames {
  const query = neuss.queries.find((candidate) => candidate.id === id);
  return query ? labelNames(query, among(neuss.schemas)) : plainLabels;
}

test.each([
  ['bevoelkerung', 'district', '03+04', 'Hafengebiet und Hammfeld'],
  ['bevoelkerung', 'sex', 'f', 'weiblich'],
  ['bevoelkerung', 'age', '18-29', '18-29'],
  ['ueberschuldungstypen', 'area', 'R07', 'Weckhoven, Erfttal'],
  ['ueberschuldungstypen', 'types', 'event', 'Lebensereignis (Trennung, Krankheit, Tod)'],
  ['bonitaetsstruktur', 'companies', '351-600', 'sehr schwach, Zahlungsverzug oder Insolvenz'],
  ['bonitaetsklassen', 'companies', '600', 'Insolvenz oder Zahlungseinstellung (600)'],
  ['bevoelkerung', 'nowhere', 'x', 'x'],
])('%s: %s %s is "%s"', (query, as, label, name) => {
  expect(namesOf(query)(as, label)).toBe(name);
});

test.each([
  ['ueberschuldungsquote', 'district', '22', 'Barbaraviertel'],
  ['ueberschuldungsquote', 'feature', 'hard', 'hart (Gericht)'],
  ['ueberschuldungsquote', 'feature', 'all', 'gesamt'],
  ['ueberschuldungsquote-alter', 'area', 'R10', 'Norf, Rosellen'],
  ['ueberschuldungsquote-alter', 'age', '60+', 'ab 60'],
  ['gewerbesaldo', 'area', 'R07', 'Weckhoven, Erfttal'],
  ['gewerbesaldo', 'nowhere', 'x', 'x'],
])('the table %s: %s %s is "%s"', (id, as, label, name) => {
  const table = neuss.tables.find((candidate) => candidate.id === id);
  if (!table) throw new Error('an unknown table');
  const byDigest = (digest = '') => neuss.queries.find((query) => digestOf(query as Json) === digest)?.id ?? '';
  const names = tableLabelNames(table, (input) => namesOf(byDigest(table.inputs[input]?.query)));
  expect(names(as, label)).toBe(name);
});
