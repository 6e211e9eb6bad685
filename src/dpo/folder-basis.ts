/** What the folder is made from: policies that are this room's, and the log; and how its sentences name their sources. */
import {
  type AggregateQuery,
  type Bilingual,
  type CharterTemplate,
  canonicalText,
  type DatasetSchema,
  type DerivedTable,
  digestOf,
  type Json,
} from '@reinraum/protocol';
import { type Cell, cell, type Row, type Said, type Source, type Table, text } from '../reports/document.ts';
import type { VerifiedLog } from '../reports/subject.ts';

/** A folder of policies that was loaded and checked, with the file of each object by kind and id, as `query sgb2`. */
export interface FolderPolicies {
  readonly template: CharterTemplate;
  readonly schemas: readonly DatasetSchema[];
  readonly queries: readonly AggregateQuery[];
  readonly tables: readonly DerivedTable[];
  readonly files: ReadonlyMap<string, string>;
}

/** Log and policies of one room. */
export interface FolderBasis {
  readonly log: VerifiedLog;
  readonly policies: FolderPolicies;
}

/** Members of a charter that only the instance has, or has in another form than the template. */
const ofInstance: ReadonlySet<string> = new Set(['datasets', 'members', 'witnesses', 'enclave']);

/**
 * Puts the two together. Throws an error that names file and field where the policies are not those the room was founded on: a
 * folder about other rules than the room's would be worse than none.
 */
export function folderBasis(log: VerifiedLog, policies: FolderPolicies): FolderBasis {
  const agreed = log.room.charter as unknown as Record<string, Json>;
  const written = policies.template as unknown as Record<string, Json>;
  const fields = new Set([...Object.keys(agreed), ...Object.keys(written)]);
  for (const field of [...fields].filter((name) => !ofInstance.has(name))) {
    const [left, right] = [agreed[field], written[field]];
    if (left === undefined || right === undefined || canonicalText(left) !== canonicalText(right)) {
      throw new Error(
        `charter.yaml: ${field}: nicht, was die Gründer des Raums unterschrieben haben / not what the room’s founders signed`,
      );
    }
  }
  for (const { id, schema } of log.room.charter.datasets) {
    const found = policies.schemas.find((one) => one.id === id);
    if (!found || digestOf(found) !== schema) {
      throw new Error(`schemas: ${id}: nicht das Schema des Raums / not the room’s schema`);
    }
  }
  const ids = new Set(log.room.charter.datasets.map(({ id }) => id));
  const strange = policies.schemas.find(({ id }) => !ids.has(id));
  if (strange) throw new Error(`schemas: ${strange.id}: kein Datensatz des Raums / no dataset of the room`);
  return { log, policies };
}

/** A field of the charter. */
export const charterField = (place: string): Source => ({ file: 'charter.yaml', place });

/** A section of the documentation, by its heading. */
export const docs = (file: string, place: string): Source => ({ file: `docs/${file}`, place });

/** A field of the file an object was read from. */
export function policyField(
  { files }: FolderPolicies,
  kind: 'query' | 'table' | 'schema',
  id: string,
  place: string,
): Source {
  const file = files.get(`${kind} ${id}`);
  if (file === undefined) throw new Error(`folder: the file of a ${kind} is not known`);
  return { file, place };
}

/** A sentence from a source. */
export const from = (de: string, en: string, ...sources: readonly Source[]): Said => ({
  text: { de, en },
  entries: [],
  sources,
});

/** A cell from a source. */
export const sourced = (words: Bilingual | string, ...sources: readonly Source[]): Cell => ({
  ...cell(words),
  sources,
});

/** A named particular and what it is. */
export const particular = (name: Bilingual, what: Said): Row => ({ entries: [], cells: [cell(name), what] });

/** A table of particulars. */
export const particulars = (caption: Bilingual, rows: readonly Row[]): Table => ({
  caption,
  head: [text('Angabe', 'Particular'), text('Inhalt', 'Content')],
  rows,
  empty: text('Keine.', 'None.'),
});

/** Names joined for a sentence. */
export function joined(names: readonly Bilingual[]): Bilingual {
  if (names.length === 0) return text('keine', 'none');
  return text(names.map(({ de }) => de).join('; '), names.map(({ en }) => en).join('; '));
}
