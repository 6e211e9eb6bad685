/** `reinraum audit folder`: the data protection officer's folder, from the room's policies and its verified log. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatInstant } from '@reinraum/protocol';
import { type Command, Option } from 'commander';
import { parse } from 'yaml';
import { folderOf } from '../dpo/folder.ts';
import { type FolderPolicies, folderBasis } from '../dpo/folder-basis.ts';
import { loadRoomPolicies } from '../example/policy-files.ts';
import type { Language } from '../reports/spoken.ts';
import type { VerifiedLog } from '../reports/subject.ts';
import { reportFormats, type Writing, writeDocuments } from './audit-report.ts';
import { readVerified } from './audit-subject.ts';
import { say } from './output.ts';

/** What is wanted. Without a language both. */
export type FolderWish = Omit<Writing, 'language'> & { readonly language?: Language; readonly policies: string };

type Words = Omit<FolderWish, 'madeAt' | 'searchPath'> & { readonly room?: string };

/** Adds the command. */
export function addAuditFolder(audit: Command): void {
  audit
    .command('folder')
    .description('write a data protection officer’s folder: records, impact assessment, measures and more, as drafts')
    .argument('<state>', 'state directory of a room, a copy of it, or an evidence bundle')
    .requiredOption('--policies <folder>', 'the policies the room was founded on')
    .requiredOption('--out <directory>', 'directory for the files')
    .option('--room <digest>', 'the room it must be: the digest of the charter you signed')
    .addOption(new Option('--language <language>', 'one language instead of both').choices(['de', 'en']))
    .addOption(new Option('--format <format>', 'form of the files').choices(reportFormats).default('html'))
    .option('--force', 'replace files that are there')
    .action(async (state: string, { room, ...words }: Words) => {
      const [madeAt, searchPath] = [formatInstant(Date.now()), process.env['PATH'] ?? ''];
      const files = await writeFolder(await readVerified(state, room), { ...words, madeAt, searchPath });
      for (const file of files) say(file);
    });
}

/** Writes the documents. Returns the paths. Throws where the policies are not the room's, or a file is there already. */
export async function writeFolder(log: VerifiedLog, { policies, language, ...writing }: FolderWish): Promise<string[]> {
  const documents = folderOf(folderBasis(log, await loadFolderPolicies(policies)), { madeAt: writing.madeAt });
  const paths: string[] = [];
  for (const one of language === undefined ? (['de', 'en'] as const) : [language]) {
    paths.push(...(await writeDocuments(documents, { ...writing, language: one })));
  }
  return paths;
}

/** Loads a folder of policies as `loadRoomPolicies` does, with the file each object is in. */
export async function loadFolderPolicies(folder: string): Promise<FolderPolicies> {
  const policies = await loadRoomPolicies(folder);
  const files = new Map<string, string>();
  for (const [kind, part] of [
    ['query', 'queries'],
    ['table', 'derived'],
    ['schema', 'schemas'],
  ] as const) {
    if (!existsSync(join(folder, part))) continue;
    for (const name of (await readdir(join(folder, part))).filter((one) => one.endsWith('.yaml'))) {
      // Valid already: only which file an id stands in is asked here.
      const { id } = parse(await readFile(join(folder, part, name), 'utf8')) as { readonly id: string };
      files.set(`${kind} ${id}`, `${part}/${name}`);
    }
  }
  return { ...policies, files };
}
