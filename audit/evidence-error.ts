/** The two ways a verifier says no: the evidence does not hold together, or nobody trusted vouches for it. */

/** What is wrong with the evidence. The codes are stable: tools and translations may depend on them. */
export type EvidenceCode =
  | 'vkey-malformed'
  | 'note-malformed'
  | 'checkpoint-malformed'
  | 'checkpoint-missing'
  | 'receipt-malformed'
  | 'request-malformed'
  | 'tile-path-malformed'
  | 'tile-malformed'
  | 'tile-missing'
  | 'tile-mismatch'
  | 'bundle-malformed'
  | 'bundle-missing'
  | 'entry-mismatch'
  | 'root-mismatch'
  | 'inclusion-invalid'
  | 'consistency-invalid';

/** Where the fault was found, as far as it is known. */
export interface EvidencePlace {
  /** The first entry known to be affected. */
  readonly entryIndex?: number | undefined;
  /** The file of the log, relative to its prefix. */
  readonly path?: string | undefined;
}

/** Evidence that is malformed, incomplete or contradicts itself. */
export class EvidenceError extends Error {
  readonly code: EvidenceCode;
  readonly entryIndex: number | undefined;
  readonly path: string | undefined;

  constructor(code: EvidenceCode, message: string, place: EvidencePlace = {}) {
    super(`${code}: ${message}`);
    this.name = 'EvidenceError';
    this.code = code;
    this.entryIndex = place.entryIndex;
    this.path = place.path;
  }
}

/** Why a well-formed signed note is not believed. */
export type TrustCode = 'signature-invalid' | 'signature-unknown' | 'origin-unknown' | 'quorum-missing';

/** A note whose signers are not the ones the verifier was told to trust. */
export class TrustError extends Error {
  readonly code: TrustCode;

  constructor(code: TrustCode, message: string) {
    super(`${code}: ${message}`);
    this.name = 'TrustError';
    this.code = code;
  }
}
