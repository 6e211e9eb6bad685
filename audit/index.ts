/** The door of `@reinraum/audit`: a C2SP tlog-tiles log, its writer, its readers and its proofs. */
export * from './directory.ts';
export * from './durable.ts';
export * from './journal.ts';
export * from './journal-comparison.ts';
export type { JournalEntry } from './journal-frame.ts';
export * from './leftover.ts';
export * from './log.ts';
export * from './objects-named.ts';
export type { PublishedHead } from './published-head.ts';
export * from './recovery.ts';
export * from './right-edge.ts';
export * from './signed-head.ts';
export * from './verifier.ts';
