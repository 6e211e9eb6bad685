/** The door of `@reinraum/client`: a member's side of a room, for command line and screens alike. No disk, no Node. */
export * from './answer-file.ts';
export * from './ask.ts';
export * from './derived.ts';
export * from './details.ts';
export * from './distrust.ts';
export * from './instance.ts';
export * from './key-file.ts';
export * from './legal-basis.ts';
export * from './lifecycle.ts';
export * from './log-evidence.ts';
export * from './named-schema.ts';
export * from './random.ts';
export * from './recovery.ts';
export * from './retention.ts';
export * from './room-client.ts';
export * from './spreadsheet.ts';
