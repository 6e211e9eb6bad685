/** The folder: every sentence has a source that is there, and what nobody knows is a gap. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nothingPruned, type Room } from '@reinraum/audit';
import { Charter, digestOf, type Json, toBase64 } from '@reinraum/protocol';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadFolderPolicies } from '../../src/cli/audit-folder.ts';
import { repositoryRoot } from '../../src/cli/root.ts';
import { folderOf } from '../../src/dpo/folder.ts';
import { type FolderPolicies, folderBasis } from '../../src/dpo/folder-basis.ts';
import type { ReportDocument, Said, Source } from '../../src/reports/document.ts';
import { toHtml } from '../../src/reports/html.ts';
import { spoken } from '../../src/reports/spoken.ts';
import type { VerifiedLog } from '../../src/reports/subject.ts';
import { enclaveKey, fixedMember, measurement } from '../support/fixed-room.ts';
import { at, type HeldLog } from '../support/honest-log.ts';
import { everythingSaid, madeAt, reported, smallPolicies } from '../support/reported.ts';
import { byDistrict } from '../support/small-room.ts';

const neussFolder = join(repositoryRoot, 'policies/neuss');
const names = [
  'records',
  'impact',
  'joint-control',
  'measures',
  'erasure',
  'information',
  'purposes',
  'breach-template',
];
let neuss: FolderPolicies;
let founded: VerifiedLog;
let held: HeldLog;
let small: VerifiedLog;

beforeAll(async () => {
  neuss = await loadFolderPolicies(neussFolder);
  founded = foundedLog(neuss);
  ({ held, log: small } = await reported());
});

/** A room of these policies as its founding leaves it, without any question asked: no log, but what a fold would give. */
function foundedLog({ template: written, schemas }: FolderPolicies): VerifiedLog {
  const members = written.parties.flatMap(({ id, units }) => [
    fixedMember(`${id} owner`, `${id}/${units[0]?.id}`, ['owner']).member,
    fixedMember(`${id} dpo`, `${id}/datenschutz`, ['dpo']).member,
  ]);
  const datasets = schemas.map((schema) => ({ id: schema.id, schema: digestOf(schema as Json) }));
  const enclave = { signingKey: toBase64(enclaveKey.publicKey), measurements: [measurement] };
  const charter = Charter.parse({ ...written, datasets, members, enclave, witnesses: witnesses() });
  const fold = { charter, charterDigest: digestOf(charter), id: digestOf(charter) };
  const byRef = new Map(members.map((member) => [member.ref, member]));
  const none = {
    datasets: new Map(),
    queries: new Map(),
    tables: new Map(),
    spent: new Map(),
    retractions: new Map(),
    retention: nothingPruned,
  };
  const room = { ...fold, ...none, members: byRef } as unknown as Room;
  return { room, entries: [], size: 0, from: 0, root: '', cosigned: 0, claims: new Map() };
}

const witnesses = () =>
  ['a', 'b', 'c'].map((name) => ({ key: `${name}.example+00000000+AAAA`, url: `https://${name}.example` }));

const folder = () => folderOf(folderBasis(founded, neuss), { madeAt });
const smallFolder = () => folderOf(folderBasis(small, smallPolicies), { madeAt });
const documentIn = (documents: readonly ReportDocument[], id: string): ReportDocument => {
  const found = documents.find((one) => one.id === id);
  if (!found) throw new Error(`no document ${id}`);
  return found;
};
/** What says something of its own: sentences, and cells but the first of a row, which names it. */
const statements = ({ sections }: ReportDocument): Said[] =>
  sections.flatMap(({ sentences, tables }) => [
    ...sentences,
    ...tables.flatMap(({ rows }) => rows.flatMap(({ cells, entries }) => (entries.length === 0 ? cells.slice(1) : []))),
  ]);
const sourcesIn = (documents: readonly ReportDocument[]): Source[] =>
  documents.flatMap(({ sections }) => everythingSaid(sections).flatMap(({ sources = [] }) => sources));

describe('the folder', () => {
  test('has eight documents, each with every text in both languages', () => {
    for (const documents of [folder(), smallFolder()]) {
      expect(documents.map(({ id }) => id)).toEqual(names);
      for (const one of documents) {
        for (const { text } of everythingSaid(one)) {
          expect(text).toEqual({ de: expect.stringMatching(/\S/), en: expect.stringMatching(/\S/) });
          expect(JSON.stringify(text)).not.toMatch(/undefined|NaN|\[object|\bnull\b/);
        }
        for (const language of ['de', 'en'] as const) expect(toHtml(spoken(one, language))).toContain('</html>');
      }
    }
  });

  test('has a source, entries or a marked gap for every sentence', () => {
    for (const one of [...folder(), ...smallFolder()]) {
      const bare = statements(one).filter(
        ({ entries, sources = [], gap, ...rest }) =>
          entries.length === 0 && sources.length === 0 && !gap && !('value' in rest && rest.value === 0),
      );
      expect(bare.map(({ text }) => text.en)).toEqual([]);
      expect(statements(one).length).toBeGreaterThan(5);
    }
  });

  test('marks a gap in both languages as one', () => {
    const gaps = folder()
      .flatMap(statements)
      .filter(({ gap }) => gap);
    expect(gaps.length).toBeGreaterThan(30);
    for (const { text, entries } of gaps) {
      expect(text.de).toMatch(/^auszufüllen: \S/);
      expect(text.en).toMatch(/^to be filled in: \S/);
      expect(entries).toEqual([]);
    }
  });

  test('is the same for the same policies, log and clock', () => {
    expect(JSON.stringify(folder())).toBe(JSON.stringify(folder()));
  });
});

describe('a source', () => {
  test('of the documentation is a section that is there', async () => {
    const pages = sourcesIn(folder()).filter(({ file }) => file.startsWith('docs/'));
    expect(pages.length).toBeGreaterThan(40);
    for (const { file, place } of pages) {
      const headings = (await readFile(join(repositoryRoot, file), 'utf8'))
        .split('\n')
        .filter((line) => /^#+ /.test(line));
      expect(
        headings.map((line) => line.replace(/^#+ /, '')),
        file,
      ).toContain(place);
    }
  });

  test('of the policies is a field of a file that is there', async () => {
    const fields = sourcesIn(folder()).filter(({ file }) => file.endsWith('.yaml'));
    expect(new Set(fields.map(({ file }) => file)).size).toBe(1 + neuss.files.size);
    for (const { file, place } of fields) {
      let value: unknown = parse(await readFile(join(neussFolder, file), 'utf8'));
      for (const step of place.split('.')) value = (value as Record<string, unknown> | undefined)?.[step];
      expect(value, `${file}: ${place}`).toBeDefined();
    }
  });

  test('is one of these kinds', () => {
    const others = sourcesIn(folder()).filter(({ file }) => !file.startsWith('docs/') && !file.endsWith('.yaml'));
    for (const { file } of others) expect(['log', 'queries/', 'derived/', 'DSGVO / GDPR']).toContain(file);
    for (const name of ['queries', 'derived']) expect(existsSync(join(neussFolder, name))).toBe(true);
  });
});

describe('the record of processing activities', () => {
  const particularsOf = (document: ReportDocument, title: string) => {
    const section = document.sections.find((one) => one.title.de === title);
    return new Map(section?.tables[0]?.rows.map(({ cells }) => [cells[0]?.text.en, cells[1]]));
  };

  test('says of every question what its file says', async () => {
    const record = documentIn(folder(), 'records');
    const paths = (await readdir(join(neussFolder, 'queries'))).filter((name) => name.endsWith('.yaml'));
    expect(record.sections).toHaveLength(1 + neuss.queries.length + neuss.tables.length);
    for (const path of paths) {
      const file = parse(await readFile(join(neussFolder, 'queries', path), 'utf8'));
      const found = particularsOf(record, file.title.de);
      expect(found.get('Question')?.text).toEqual(file.sentence);
      expect(found.get('Purpose')?.text.de).toContain(`(${file.purpose})`);
      for (const unit of file.recipients) expect(found.get('Recipients')?.text.de).toContain(`(${unit})`);
      expect(found.get('Answers until')?.text.de).toBe(file.expires);
      expect(found.get('Protection of the result')?.text.de).toContain(`${file.privacy.rho} je Antwort`);
      expect(found.get('Protection of the result')?.text.de).toContain(`mindestens ${file.privacy.k} Einheiten`);
      const schema = neuss.schemas.find(({ id }) => id === file.from.dataset);
      expect(found.get('Units responsible (owners of the data)')?.text.de).toContain(`(${schema?.owner})`);
      expect(found.get('State in the log')?.text.en).toBe('is not in the log: neither proposed nor approved');
    }
  });

  test('names the columns a question reads and no others', () => {
    const found = particularsOf(documentIn(folder(), 'records'), 'Überschuldete Erwachsene nach Merkmal');
    expect(found.get('Categories of data the question reads')?.text.de).toBe(
      'Überschuldete Erwachsene: Statistischer Bezirk; Merkmal',
    );
  });

  test('says what the log knows of a question', () => {
    const found = particularsOf(documentIn(smallFolder(), 'records'), byDistrict.title.de);
    const about = held.entries.flatMap((entry, index) => {
      const counts = /^query\.(?:proposed|approved|revoked|failed|cleared|released)$/.test(entry.type);
      return counts ? [index] : [];
    });
    expect(found.get('State in the log')).toMatchObject({
      entries: about,
      text: { en: 'revoked; approvals: 3; answers released: 1' },
    });
  });
});

test('the register of purposes counts uses', () => {
  const register = documentIn(smallFolder(), 'purposes');
  const planning = register.sections.find(({ title }) => title.de.includes('(planning)'));
  const use = planning?.tables.find(({ caption }) => caption.en === 'Use');
  expect(use?.rows.map(({ cells }) => [cells[1]?.value, cells[1]?.entries])).toEqual([
    [2, [at.charged, at.chargedAgain]],
    [1, [at.released]],
    [1, [at.repeated]],
  ]);
});

describe('policies that are not the room’s', () => {
  test('are refused by file and field', () => {
    const { populations } = neuss.template;
    const looser = populations.map((one) => ({ ...one, kFloor: 2 }));
    const bent = (change: object) => ({ ...neuss, template: { ...neuss.template, ...change } });
    const [first] = neuss.schemas;
    if (!first) throw new Error('the example has schemas');
    const more = { ...neuss, schemas: [...neuss.schemas, { ...first, id: 'health' }] };
    expect(() => folderBasis(founded, more)).toThrow('schemas: health: ');
    expect(() => folderBasis(founded, bent({ populations: looser }))).toThrow('charter.yaml: populations: ');
    expect(() => folderBasis(founded, bent({ recipients: ['creditreform/auskunftei'] }))).toThrow(
      'charter.yaml: recipients: ',
    );
    expect(() => folderBasis(founded, bent({ retention: undefined }))).toThrow('charter.yaml: retention: ');
    expect(() => folderBasis(small, neuss)).toThrow('charter.yaml: ');
  });

  test('are refused for a schema that is another one', () => {
    const schemas = neuss.schemas.map((one) =>
      one.id === 'sgb2' ? { ...one, owner: 'creditreform/auskunftei' } : one,
    );
    expect(() => folderBasis(founded, { ...neuss, schemas })).toThrow('schemas: sgb2: ');
    expect(() => folderBasis(founded, { ...neuss, schemas: [] })).toThrow('schemas: ');
  });
});
