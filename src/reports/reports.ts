/** The twelve reports by name (docs/spec/reports.md §2). */
import { ReportName } from '@reinraum/protocol';
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
import { indicesOf, inPeriod, type ReportWish, type VerifiedLog } from './subject.ts';

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
} as const satisfies Record<Exclude<ReportName, 'case'>, (log: VerifiedLog, wish: ReportWish) => ReportBody>;

/** Names of the reports. `case` is about one entry and needs its number. */
export const reportNames = ReportName.options;

/** A wish, and for `case` the entry it is about. */
export interface NamedWish extends ReportWish {
  readonly entry?: number | undefined;
}

/** Makes a report. Pure: log, wish and its clock reading give the same document always. Throws `RangeError` for `case` without an entry of the log. */
export function reportOf(name: ReportName, log: VerifiedLog, wish: NamedWish): ReportDocument {
  const body = name === 'case' ? caseOf(log, wish.entry ?? -1) : byPeriod[name](log, wish);
  return withHeading(body, log, wish);
}

/**
 * The entries a report is about, as its record names them: those of the period, the whole log of `integrity`, the one of a
 * `case`. Undefined where the period has none.
 */
export function rangeOf(
  name: ReportName,
  log: VerifiedLog,
  { entry, ...wish }: NamedWish,
): { readonly from: number; readonly to: number } | undefined {
  // Of pruned entries the charges alone are known: a report is about what was replayed.
  const within = indicesOf(name === 'integrity' ? log.entries : inPeriod(log, wish)).filter(
    (index) => index >= log.from,
  );
  const [from, to] = name === 'case' ? [entry, entry] : [within[0], within.at(-1)];
  return from === undefined || to === undefined ? undefined : { from, to };
}
