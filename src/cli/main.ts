/** `reinraum`: the command line of stewards, analysts, data protection officers and operators. */
import { say } from './output.ts';
import { reinraumProgram } from './program.ts';
import { wordsFor } from './words.ts';

try {
  await reinraumProgram().parseAsync();
} catch (error) {
  say(wordsFor(error));
  process.exitCode = 1;
}
