/** What an error says to the person at the terminal. */
import { Refusal, refusals } from '@reinraum/protocol';
import { ZodError } from 'zod';

/** One message for people: the field and what it needs for bad input, a refusal in its words, the message otherwise. */
export function wordsFor(error: unknown): string {
  if (error instanceof ZodError) {
    return error.issues.map(({ path, message }) => `${path.map(String).join('.') || 'input'}: ${message}`).join('\n');
  }
  if (error instanceof Refusal) {
    const { de, en } = refusals[error.code];
    return `${error.message}: ${de} / ${en}`;
  }
  return error instanceof Error ? error.message : String(error);
}
