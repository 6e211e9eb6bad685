/** `reinraum screens`: builds what the browser shows. */
import type { Command } from 'commander';
import { builtScreens } from '../gateway/screens.ts';
import { print, say } from './output.ts';
import { repositoryRoot } from './root.ts';

/** Adds the command. */
export function addScreens(program: Command): void {
  program
    .command('screens')
    .description('build the screens, unless they are built already, and print their folder')
    .action(async () => print(await builtScreens(repositoryRoot)));
}

/** The screens for a served installation; without them, and saying so, where they cannot be built. */
export async function servedScreens(): Promise<{ readonly screens?: string }> {
  try {
    return { screens: await builtScreens(repositoryRoot) };
  } catch (error) {
    say(`ohne Seiten / without screens: ${error instanceof Error ? error.message : String(error)}`);
    return {};
  }
}
