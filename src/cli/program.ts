/** The command line as a tree of commands, before anything is asked of it. */
import { Command } from 'commander';
import { addAuditCommands } from './audit-commands.ts';
import { addCharter } from './charter.ts';
import { addDataset } from './dataset.ts';
import { addDetail } from './detail.ts';
import { addExample } from './example.ts';
import { addFound } from './found.ts';
import { addKeygen } from './keygen.ts';
import { addMember } from './member.ts';
import { addQuery } from './query.ts';
import { addRelease } from './release.ts';
import { addRetention } from './retention.ts';
import { addReview } from './review.ts';
import { addSchema } from './schema.ts';
import { addScreens } from './screens.ts';
import { addServe } from './serve.ts';
import { addWitness } from './witness.ts';

const commands = [
  addExample,
  addServe,
  addKeygen,
  addSchema,
  addCharter,
  addFound,
  addDataset,
  addQuery,
  addRelease,
  addMember,
  addDetail,
  addReview,
  addRetention,
  addAuditCommands,
  addWitness,
  addScreens,
];

/** A fresh one. */
export function reinraumProgram(): Command {
  const program = new Command('reinraum').description('Reinraum: a data clean room').showHelpAfterError();
  for (const add of commands) add(program);
  return program;
}
