/** Logs as reports are given them: read and verified from a state directory, as the command does. */
import { type CharterTemplate, formatInstant } from '@reinraum/protocol';
import { readVerified } from '../../src/cli/audit-subject.ts';
import type { FolderPolicies } from '../../src/dpo/folder-basis.ts';
import type { Said } from '../../src/reports/document.ts';
import type { VerifiedLog } from '../../src/reports/subject.ts';
import { type HeldLog, honestLog, momentMs } from './honest-log.ts';
import { byDistrict, debtors, residents, template } from './small-room.ts';
import { stateFolder } from './state-folder.ts';

/** The honest log, held and verified. */
export interface Reported {
  readonly held: HeldLog;
  readonly log: VerifiedLog;
}

/** The clock reading of every report in tests. */
export const madeAt = '2026-04-01T12:00:00Z';

/** Moment of an entry of the honest log, as it is logged. */
export const momentOf = (index: number) => formatInstant(momentMs(index));

/** Tells the honest story, writes it to a directory, and reads it as reports do. */
export async function reported(from?: CharterTemplate): Promise<Reported> {
  const held = await honestLog(from);
  const folder = await stateFolder(held);
  try {
    return { held, log: await readVerified(folder.directory) };
  } finally {
    await folder.remove();
  }
}

/** The policies the honest log's room was founded on, as a folder would have them. */
export const smallPolicies: FolderPolicies = {
  template: template(),
  schemas: [residents, debtors],
  queries: [byDistrict],
  tables: [],
  files: new Map([
    ['schema residents', 'schemas/residents.yaml'],
    ['schema debtors', 'schemas/debtors.yaml'],
    [`query ${byDistrict.id}`, 'queries/by-district.yaml'],
  ]),
};

/** Everything that is said in a document, wherever it stands. */
export function everythingSaid(value: unknown): Said[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = 'text' in value && 'entries' in value ? [value as Said] : [];
  return [...own, ...Object.values(value).flatMap(everythingSaid)];
}
