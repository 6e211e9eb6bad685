/** `reinraum`: the command line of stewards, analysts, data protection officers and operators. */
import { Command } from 'commander';
import { ZodError } from 'zod';
import { addAudit } from './audit.ts';
import { addCharter } from './charter.ts';
import { addDataset } from './dataset.ts';
import { addExample } from './example.ts';
import { addFound } from './found.ts';
import { addKeygen } from './keygen.ts';
import { say } from './output.ts';
import { addQuery } from './query.ts';
import { addSchema } from './schema.ts';
import { addServe } from './serve.ts';

const program = new Command('reinraum').description('Reinraum: a data clean room').showHelpAfterError();

for (const add of [addExample, addServe, addKeygen, addSchema, addCharter, addFound, addDataset, addQuery, addAudit])
  add(program);

try {
  await program.parseAsync();
} catch (error) {
  say(wordsFor(error));
  process.exitCode = 1;
}

/** One message for people: the field and what it needs for bad input, the message otherwise. */
function wordsFor(error: unknown): string {
  if (error instanceof ZodError) {
    return error.issues.map(({ path, message }) => `${path.map(String).join('.') || 'input'}: ${message}`).join('\n');
  }
  return error instanceof Error ? error.message : String(error);
}
