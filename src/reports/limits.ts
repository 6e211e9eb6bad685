/** What a report cannot say because the log does not show it: a section of its own, never left out. */
import { type Said, type Section, text } from './document.ts';

/** The section. */
export function limits(...sentences: readonly Said[]): Section {
  return {
    title: text('Was das Protokoll nicht zeigt', 'What the log does not show'),
    sentences,
    tables: [],
  };
}
