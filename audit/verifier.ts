/**
 * The door of `@reinraum/audit/verifier`: all a reader of a log needs, without the disk, so that it runs in a browser
 * (docs/decisions/0011-web.md).
 */
export * from './add-checkpoint.ts';
export * from './ahead.ts';
export * from './checkpoint.ts';
export * from './cosignature.ts';
export { isNextVersion } from './dataset-rules.ts';
export { mayDescribe, mayRequestErasure, requestSeconded } from './detail-rules.ts';
export * from './detail-state.ts';
export * from './evidence-error.ts';
export { type Examined, examine, type ReadObject, taken } from './examine.ts';
export * from './fetch-tile.ts';
export * from './hash-reader.ts';
export { approvalsOf, isPossession, isRecovered, unfitKey } from './member-rules.ts';
export * from './note.ts';
export * from './policy.ts';
export * from './policy-error.ts';
export * from './policy-text.ts';
export * from './proof.ts';
export { checkProposal } from './query-rules.ts';
export * from './reader.ts';
export * from './receipt.ts';
export { isSuspended, mayRetract } from './release-rules.ts';
export * from './replay.ts';
export * from './resumption.ts';
export {
  hasCharterKey,
  mayBeginAt,
  nothingPruned,
  prunableFrom,
  pruningFault,
  pruningSeconded,
} from './retention-rules.ts';
export { isReviewable } from './review-rules.ts';
export * from './room.ts';
export * from './room-policy.ts';
export * from './rule.ts';
export * from './signer.ts';
export { encodeSnapshot } from './snapshot.ts';
export * from './tile.ts';
export * from './tree.ts';
export * from './verify.ts';
export * from './witness.ts';
export * from './witness-client.ts';
