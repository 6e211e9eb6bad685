/** The twelve reports by name (docs/spec/reports.md §2). */
import { access } from './access.ts';
import { breach } from './breach.ts';
import { caseOf } from './case.ts';
import { deletions } from './deletions.ts';
import { denied } from './denied.ts';
import { disclosures } from './disclosures.ts';
import type { ReportDocument } from './document.ts';
import { type ReportBody, withHeading } from './heading.ts';
import { health } from './health.ts';
import { integrity } from './integrity.ts';
import { ledger } from './ledger.ts';
import { overview } from './overview.ts';
import { privileged } from './privileged.ts';
import { rights } from './rights.ts';
import type { ReportWish, VerifiedLog } from './subject.ts';

const byPeriod = {
  integrity,
  overview,
  disclosures,
  denied,
  privileged,
  rights,
  ledger,
  deletions,
  health,
  breach,
  access,
} as const satisfies Record<string, (log: VerifiedLog, wish: ReportWish) => ReportBody>;

/** Names of the reports. `case` is about one entry and needs its number. */
export const reportNames = [...(Object.keys(byPeriod) as (keyof typeof byPeriod)[]), 'case'] as const;
/** One of them. */
export type ReportName = (typeof reportNames)[number];

/** A wish, and for `case` the entry it is about. */
export interface NamedWish extends ReportWish {
  readonly entry?: number | undefined;
}

/** Makes a report. Pure: log, wish and its clock reading give the same document always. Throws `RangeError` for `case` without an entry of the log. */
export function reportOf(name: ReportName, log: VerifiedLog, wish: NamedWish): ReportDocument {
  const body = name === 'case' ? caseOf(log, wish.entry ?? -1) : byPeriod[name](log, wish);
  return withHeading(body, log, wish);
}
