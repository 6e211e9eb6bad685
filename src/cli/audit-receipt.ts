/** `reinraum audit receipt`: a proof that one entry is in the log, to hand on. */
import { bundleOf, encodeReceipt, tileWidth } from '@reinraum/audit';
import type { Command } from 'commander';
import { verifyState } from './audit.ts';
import { print } from './output.ts';
import { openState, type RoomLogReader, readerOf } from './state-source.ts';

/** Adds the command. */
export function addAuditReceipt(audit: Command): void {
  audit
    .command('receipt')
    .description('print the receipt of an entry (.tlog-proof), with the entry in it, after verifying the whole log')
    .argument('<state>', 'state directory of a room, a copy of it, or an evidence bundle')
    .argument('<entry>', 'number of the entry')
    .option('--room <digest>', 'the room it must be: the digest of the charter you signed')
    .action(async (state: string, entry: string, { room }: { room?: string }) => {
      const source = await openState(state);
      const verdict = await verifyState(source, room);
      if (!verdict.verified) throw new Error(`NOT verified: ${verdict.rule}: ${verdict.message}`);
      const index = /^(?:0|[1-9][0-9]{0,14})$/.test(entry) ? Number(entry) : Number.NaN;
      const [first, last] = [bundleOf(verdict.from) * tileWidth, verdict.size - 1];
      if (!(index >= first && index <= last)) {
        throw new Error(`Eintrag von ${first} bis ${last} angeben / give an entry from ${first} to ${last}`);
      }
      print((await receiptOf(await readerOf(source, verdict.room), index)).trimEnd());
    });
}

/** The receipt of an entry, which it carries as its `extra`, so that the one file is enough (docs/spec/log.md §4). */
export async function receiptOf({ proved, head }: RoomLogReader, index: number): Promise<string> {
  const { entry, proof } = await proved(index);
  return encodeReceipt({ index, proof, checkpoint: head.note, untrustedExtra: entry });
}
