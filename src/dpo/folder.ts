/** The data protection officer's folder: eight documents of one room (docs/spec/reports.md §4). */
import type { ReportDocument } from '../reports/document.ts';
import { withHeading } from '../reports/heading.ts';
import type { ReportWish } from '../reports/subject.ts';
import { breachTemplate } from './breach-template.ts';
import { erasure } from './erasure.ts';
import type { FolderBasis } from './folder-basis.ts';
import { impact } from './impact.ts';
import { information } from './information.ts';
import { jointControl } from './joint-control.ts';
import { measures } from './measures.ts';
import { purposes } from './purposes.ts';
import { records } from './records.ts';

/** Makes all of them. Pure: the same basis and wish give the same documents. */
export function folderOf(basis: FolderBasis, wish: ReportWish): readonly ReportDocument[] {
  const bodies = [
    records(basis),
    impact(basis),
    jointControl(basis),
    measures(basis, wish),
    erasure(basis, wish),
    information(basis),
    purposes(basis, wish),
    breachTemplate(),
  ];
  return bodies.map((body) => withHeading(body, basis.log, wish));
}
