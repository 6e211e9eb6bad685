/** What an act comes to: the words of its refusal, or that it was permitted. */
import { Refusal } from '@reinraum/protocol';

/** The message of the refusal `make` throws, "permitted" where it throws none. Any other error goes on. */
export function refusal(make: () => unknown): string {
  try {
    make();
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    throw error;
  }
  return 'permitted';
}
