/** `reinraum schema`: JSON Schemas with which an editor completes and checks policies while they are written. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Argument, type Command } from 'commander';
import { editorSchema, type PolicyKind, policyKinds } from '../example/editor-schema.ts';
import { print } from './output.ts';

/** Adds the command. */
export function addSchema(program: Command): void {
  program
    .command('schema')
    .description('print the JSON Schema of a kind of policy file, or write all of them to a folder')
    .addArgument(
      new Argument('[kind]', 'charter.yaml, schemas/*.yaml, queries/*.yaml, derived/*.yaml or example.yaml').choices(
        policyKinds,
      ),
    )
    .option('--out <folder>', 'write <kind>.json to this folder instead; without a kind all of them')
    .action(async (kind: PolicyKind | undefined, { out }: { out?: string }) => {
      if (out === undefined) {
        if (kind === undefined) throw new Error(`kind: name one of ${policyKinds.join(', ')}, or a folder with --out`);
        print(textOf(kind));
        return;
      }
      await mkdir(out, { recursive: true });
      for (const one of kind ? [kind] : policyKinds) {
        const path = join(out, `${one}.json`);
        await writeFile(path, `${textOf(one)}\n`);
        print(path);
      }
    });
}

function textOf(kind: PolicyKind): string {
  return JSON.stringify(editorSchema(kind), null, 2);
}
