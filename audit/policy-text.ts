/**
 * The text of a trust policy (C2SP tlog-policy; `policy.ts` shows one): a line is a definition, a comment behind `#`, or
 * empty; its items are parted by spaces and tabs.
 */
import { equalBytes, toBase64 } from '@reinraum/protocol';
import { type CosignatureVerifier, cosignatureVerifier } from './cosignature.ts';
import { EvidenceError } from './evidence-error.ts';
import { ed25519Verifier, isSameKey, type LogVerifier } from './note.ts';
import type { Policy, PolicyLog, PolicyRule, PolicyWitness } from './policy.ts';
import { PolicyError, type PolicyFault } from './policy-error.ts';
import { isEnrollable } from './signer.ts';

/** The most logs, witnesses and groups each; the specification asks for at least as many. */
export const policyLinesMax = 32;
/** The longest policy read. */
export const policyBytesMax = 100_000;

/** What has been read so far. */
interface Draft {
  readonly logs: PolicyLog[];
  readonly witnesses: PolicyWitness[];
  /** Witnesses and groups by name. */
  readonly rules: Map<string, PolicyRule>;
  readonly grouped: Set<string>;
  groups: number;
  quorum: PolicyRule | undefined;
}

/** A fault of the line being read. */
class LineFault extends Error {
  readonly code: PolicyFault;

  constructor(code: PolicyFault) {
    super(code);
    this.code = code;
  }
}

/**
 * Reads a policy. Throws {@link PolicyError} on anything the specification does not allow; beyond it also on text that is
 * not UTF-8, a weak key, a key that is a log's and a witness's, keys a note cannot tell apart, and addresses that are not
 * http or https.
 */
export function parsePolicy(untrusted: string | Uint8Array): Policy {
  const { logs, witnesses, quorum, lines } = readPolicy(untrusted);
  if (!quorum) throw new PolicyError('quorum-missing', lines);
  return { logs, witnesses, quorum };
}

/** The logs of a policy, which for whoever only watches them may end without a quorum. Throws as {@link parsePolicy}. */
export function parsePolicyLogs(untrusted: string | Uint8Array): readonly PolicyLog[] {
  return readPolicy(untrusted).logs;
}

function readPolicy(untrusted: string | Uint8Array): Draft & { readonly lines: number } {
  const text = policyText(untrusted);
  const draft: Draft = { logs: [], witnesses: [], rules: new Map(), grouped: new Set(), groups: 0, quorum: undefined };
  const lines = text.split('\n');
  lines.forEach((line, at) => {
    try {
      // Terminated, not separated: what stands after the last newline is a line that was cut off.
      if (!isLine(line) || (at === lines.length - 1 && line !== '')) throw new LineFault('characters');
      readLine(draft, line);
    } catch (error) {
      throw error instanceof LineFault ? new PolicyError(error.code, at + 1) : error;
    }
  });
  return { ...draft, lines: Math.max(1, lines.length - 1) };
}

function policyText(untrusted: string | Uint8Array): string {
  if (untrusted.length > policyBytesMax) throw new PolicyError('too-many', 1);
  if (typeof untrusted === 'string') return untrusted;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(untrusted);
  } catch {
    throw new PolicyError('characters', 1);
  }
}

/** Tab, printable ASCII, and whatever is not ASCII. */
function isLine(line: string): boolean {
  return line.isWellFormed() && /^[\t\u0020-\u007e\u0080-\uffff]*$/.test(line);
}

function readLine(draft: Draft, line: string): void {
  const [kind, ...items] = line.split(/[\t ]+/).filter((item) => item !== '');
  if (kind === undefined || kind.startsWith('#')) return;
  const [first, second, ...more] = items;
  if (kind === 'log' && first !== undefined && more.length === 0) addLog(draft, first, second);
  else if (kind === 'witness' && first !== undefined && second !== undefined && more.length <= 1) {
    addWitness(draft, first, second, more[0]);
  } else if (kind === 'group' && first !== undefined && second !== undefined && more.length >= 1) {
    addGroup(draft, first, second, more);
  } else if (kind === 'quorum' && first !== undefined && second === undefined) setQuorum(draft, first);
  else throw new LineFault('line-unknown');
}

function addLog({ logs, witnesses }: Draft, vkey: string, url: string | undefined): void {
  const key = keyOf(() => ed25519Verifier(vkey), [...logs, ...witnesses]);
  if (logs.length === policyLinesMax) throw new LineFault('too-many');
  logs.push({ key, url: addressOf(url) });
}

function addWitness(draft: Draft, name: string, vkey: string, url: string | undefined): void {
  const key = keyOf(() => cosignatureVerifier(vkey), [...draft.logs, ...draft.witnesses]);
  if (draft.witnesses.length === policyLinesMax) throw new LineFault('too-many');
  const witness = { name, key, url: addressOf(url) };
  define(draft, name, { witness });
  draft.witnesses.push(witness);
}

/** A key that no other entry has, under whatever name, and that a note can tell from theirs. */
function keyOf<Key extends LogVerifier | CosignatureVerifier>(
  read: () => Key,
  others: readonly (PolicyLog | PolicyWitness)[],
): Key {
  let key: Key;
  try {
    key = read();
  } catch (error) {
    throw error instanceof EvidenceError ? new LineFault('vkey-malformed') : error;
  }
  if (!isEnrollable(toBase64(key.publicKey))) throw new LineFault('key-weak');
  if (others.some((other) => equalBytes(other.key.publicKey, key.publicKey) || isSameKey(other.key, key))) {
    throw new LineFault('key-repeated');
  }
  return key;
}

function addressOf(url: string | undefined): string | undefined {
  if (url === undefined) return undefined;
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) throw new LineFault('url-malformed');
  return url;
}

function addGroup(draft: Draft, name: string, threshold: string, names: readonly string[]): void {
  if (draft.groups === policyLinesMax) throw new LineFault('too-many');
  const members = names.map((member) => {
    const rule = draft.rules.get(member);
    if (!rule) throw new LineFault('name-unknown');
    if (draft.grouped.has(member)) throw new LineFault('member-repeated');
    draft.grouped.add(member);
    return rule;
  });
  define(draft, name, { threshold: thresholdOf(threshold, members.length), members });
  draft.groups += 1;
}

function thresholdOf(word: string, members: number): number {
  if (word === 'any') return 1;
  if (word === 'all') return members;
  const threshold = /^[1-9][0-9]{0,2}$/.test(word) ? Number(word) : 0;
  if (threshold < 1 || threshold > members) throw new LineFault('threshold');
  return threshold;
}

function define({ rules }: Draft, name: string, rule: PolicyRule): void {
  if (name === 'none' || rules.has(name)) throw new LineFault('name-repeated');
  rules.set(name, rule);
}

function setQuorum(draft: Draft, name: string): void {
  if (draft.quorum) throw new LineFault('quorum-repeated');
  const rule = name === 'none' ? { threshold: 0, members: [] } : draft.rules.get(name);
  if (!rule) throw new LineFault('name-unknown');
  draft.quorum = rule;
}
