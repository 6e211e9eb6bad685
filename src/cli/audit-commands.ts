/** `reinraum audit …`: everything that is done with a room’s log. */
import type { Command } from 'commander';
import { addAudit } from './audit.ts';
import { addAuditExport } from './audit-export.ts';
import { addAuditReceipt } from './audit-receipt.ts';
import { addAuditSearch } from './audit-search.ts';
import { addAuditWatch } from './audit-watch.ts';

/** Adds the commands. */
export function addAuditCommands(program: Command): void {
  const audit = addAudit(program);
  addAuditSearch(audit);
  addAuditReceipt(audit);
  addAuditExport(audit);
  addAuditWatch(audit);
}
