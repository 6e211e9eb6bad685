/**
 * Trust policies of C2SP tlog-policy: which logs are known, which witnesses, and how many of them have to have cosigned.
 *
 *     log reinraum/2c26…+7d1f0a3e+AY… https://raum.example/rooms/lab/log
 *     witness stadt zeuge.stadt.example+0b5c…+BJ… https://zeuge.stadt.example
 *     witness auskunftei zeuge.auskunftei.example+91aa…+BF…
 *     group both all stadt auskunftei
 *     quorum both
 *
 * Lines refer to earlier lines only, and a name is a member of one group at most, so a policy is a tree.
 */
import { equalBytes } from '@reinraum/protocol';
import { type VerifiedCheckpoint, verifyCheckpointOfAny } from './checkpoint.ts';
import { type CosignatureVerifier, parseCosignature } from './cosignature.ts';
import { isSameKey, type LogVerifier } from './note.ts';

/** A log of a policy. */
export interface PolicyLog {
  /** Its name is the origin of the log. */
  readonly key: LogVerifier;
  readonly url: string | undefined;
}

/** A witness of a policy. */
export interface PolicyWitness {
  /** What the policy calls it; its key has a name of its own. */
  readonly name: string;
  readonly key: CosignatureVerifier;
  /** Where `add-checkpoint` is, without that word. */
  readonly url: string | undefined;
}

/** What has to have witnessed: one witness, or at least `threshold` of the members. `quorum none` is 0 of none. */
export type PolicyRule =
  | { readonly witness: PolicyWitness }
  | { readonly threshold: number; readonly members: readonly PolicyRule[] };

/** A parsed policy. */
export interface Policy {
  readonly logs: readonly PolicyLog[];
  readonly witnesses: readonly PolicyWitness[];
  readonly quorum: PolicyRule;
}

/** Whether these witnesses, by the names the policy gives them, are a quorum. Names it does not know count for nothing. */
export function reachesQuorum({ quorum }: Policy, cosigned: ReadonlySet<string>): boolean {
  return reaches(quorum, cosigned);
}

function reaches(rule: PolicyRule, cosigned: ReadonlySet<string>): boolean {
  if ('witness' in rule) return cosigned.has(rule.witness.name);
  return rule.members.filter((member) => reaches(member, cosigned)).length >= rule.threshold;
}

/**
 * Whether any two sets of witnesses that reach the quorum share a witness; only then does a quorum show that nobody was
 * shown another history, as long as the shared one is honest. False for `quorum none`.
 */
export function intersecting({ quorum }: Policy): boolean {
  return !isSplittable(quorum);
}

/**
 * Whether the witnesses below a rule can be divided so that both parts reach it. Exact, because every witness stands in the
 * tree once, so members are divided independently: one that is splittable counts for both parts, any other for the part
 * that is given all of it. Both parts then need threshold − splittable of the others.
 */
function isSplittable(rule: PolicyRule): boolean {
  if ('witness' in rule) return false;
  const splittable = rule.members.filter(isSplittable).length;
  const needed = Math.max(0, rule.threshold - splittable);
  return 2 * needed <= rule.members.length - splittable;
}

/** A witness that cosigned, and when, by its own clock. */
export interface Cosigned {
  readonly witness: PolicyWitness;
  readonly timeSeconds: bigint;
}

/** A checkpoint of a known log, with what its witnesses make of it. */
export interface PolicyVerdict {
  readonly checkpoint: VerifiedCheckpoint;
  /** The valid cosignatures of the policy's witnesses, one for each, in the order of the note. */
  readonly cosigned: readonly Cosigned[];
  readonly quorum: boolean;
}

/**
 * Holds the note of a checkpoint against a policy; a witness with the log's own key counts for nothing. `logs` are the logs it may be of, those of the policy unless the caller
 * knows better. That the quorum is not reached is a verdict, not an error. Throws `EvidenceError` `note-malformed`,
 * `checkpoint-malformed`, or `TrustError`: `origin-unknown`, `signature-unknown` without the log's own signature, and
 * `signature-invalid` where any known key has a wrong one.
 */
export async function evaluatePolicy(
  policy: Policy,
  untrusted: string | Uint8Array,
  logs: readonly LogVerifier[] = policy.logs.map(({ key }) => key),
): Promise<PolicyVerdict> {
  const witnesses = policy.witnesses.map(({ key }) => key);
  const { logKey, ...checkpoint } = await verifyCheckpointOfAny(untrusted, logs, witnesses);
  const cosigned = checkpoint.verified.flatMap((verified): Cosigned[] => {
    // Where the caller names the log, the policy could not see that one of its witnesses is the log itself.
    const others = policy.witnesses.filter(({ key }) => !equalBytes(key.publicKey, logKey.publicKey));
    const witness = others.find(({ key }) => isSameKey(key, verified));
    const timeSeconds = parseCosignature(verified.signature)?.timeSeconds;
    return witness && timeSeconds !== undefined ? [{ witness, timeSeconds }] : [];
  });
  const quorum = reachesQuorum(policy, new Set(cosigned.map(({ witness }) => witness.name)));
  return { checkpoint, cosigned, quorum };
}
