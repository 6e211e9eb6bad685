/**
 * Signed notes of C2SP signed-note.
 *
 *     example.com/log/testdata
 *     0
 *     47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=
 *                                                              ← the last empty line ends the signed text
 *     — example.com/log/testdata M9e0lhxJACzE1KoUdqKuPa+9p6R7dSW8BlEv…
 *
 * A signature line is `— <key name> <base64(key ID[4] ‖ signature)>`; the signature covers the text with its final
 * newline. A key type is a byte in the key ID and in the verifier key: plain Ed25519 (0x01), with which a log signs, is here,
 * the timestamped one of cosigners (0x04) in `cosignature.ts`. Both are implementations of {@link NoteSigner} and
 * {@link NoteVerifier}, and one parser reads the notes of all.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import {
  concat,
  equalBytes,
  fromBase64,
  fromHex,
  type SigningKey,
  sign,
  toBase64,
  toHex,
  utf8,
  verify,
} from '@reinraum/protocol';
import { EvidenceError, TrustError } from './evidence-error.ts';

/** The largest note read. */
export const noteBytesMax = 1_000_000;
/** The most signatures read on one note; verifiers must accept at least 16. */
export const noteSignaturesMax = 100;
/** Signature type of plain Ed25519: keys of logs. */
export const ed25519Type = 0x01;
/** Signature type of cosignature/v1, timestamped Ed25519: keys of cosigners, which no log may have. */
export const cosignatureType = 0x04;
/** The signature types there are code for. */
export type KeyType = typeof ed25519Type | typeof cosignatureType;

/** Who a signature line says it is from. */
export interface NoteKey {
  readonly name: string;
  /** The first 4 bytes of a hash over name, type and public key: an identifier, not a fingerprint. */
  readonly keyId: Uint8Array;
}

/** A key that can sign notes. */
export interface NoteSigner extends NoteKey {
  /** The bytes after the key ID for this text. */
  sign(text: Uint8Array): Promise<Uint8Array>;
}

/** A key notes are checked against. */
export interface NoteVerifier extends NoteKey {
  /** Whether the bytes after the key ID are a signature of this text; never rejects. */
  verify(text: Uint8Array, signature: Uint8Array): Promise<boolean>;
}

/** The key of a log. A cosigner's is none, even with the same name and public key: the key IDs differ, and the types. */
export interface LogVerifier extends NoteVerifier {
  readonly type: typeof ed25519Type;
  readonly publicKey: Uint8Array;
}

/** One signature line. */
export interface NoteSignature extends NoteKey {
  readonly signature: Uint8Array;
}

/** A parsed note: nothing in it is verified. */
export interface Note {
  /** The signed text, ending in a newline. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** A note with at least one valid signature of a known key and no invalid one. */
export interface VerifiedNote {
  readonly text: string;
  /** The signatures of known keys, one for each key, in the order of their lines. */
  readonly verified: readonly NoteSignature[];
}

/** `SHA-256(name ‖ 0x0A ‖ type ‖ public key)[0:4]`. */
export function keyId(name: string, type: number, publicKey: Uint8Array): Uint8Array {
  return sha256(concat(utf8(name), Uint8Array.of(0x0a, type), publicKey)).slice(0, 4);
}

/** Whether a key may bear this name: not empty, no white space, no `+`, no control characters. */
export function isKeyName(name: string): boolean {
  return name.length > 0 && name.isWellFormed() && !/[\p{White_Space}+]/u.test(name) && !hasControl(name);
}

/** `name+hex8(key ID)+base64(type ‖ public key)`. Throws `RangeError` on an impossible name or key length. */
export function formatVkey(name: string, publicKey: Uint8Array, type: KeyType = ed25519Type): string {
  if (!isKeyName(name)) throw new RangeError('note: not a key name');
  if (publicKey.length !== 32) throw new RangeError('note: an Ed25519 public key has 32 bytes');
  const encoded = toBase64(concat(Uint8Array.of(type), publicKey));
  return `${name}+${toHex(keyId(name, type, publicKey))}+${encoded}`;
}

/**
 * Reads {@link formatVkey}, parted at the first two `+`. A key of another type than the one asked for is as good as none:
 * nobody can pass a cosigner's key for a log's. Throws `EvidenceError` `vkey-malformed`.
 */
export function parseVkey(
  vkey: string,
  type: KeyType = ed25519Type,
): { readonly name: string; readonly publicKey: Uint8Array } {
  const [, name = '', id = '', encoded = ''] = /^([^+]*)\+([^+]*)\+(.*)$/su.exec(vkey) ?? [];
  try {
    const key = fromBase64(encoded);
    const publicKey = key.slice(1);
    if (key[0] === type && key.length === 33 && isKeyName(name)) {
      if (equalBytes(fromHex(id), keyId(name, type, publicKey))) return { name, publicKey };
    }
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
  }
  throw new EvidenceError('vkey-malformed', `not a verifier key of type ${type}`);
}

/** The log's key a vkey describes. Throws `EvidenceError` `vkey-malformed`. */
export function ed25519Verifier(vkey: string): LogVerifier {
  const { name, publicKey } = parseVkey(vkey);
  return {
    type: ed25519Type,
    name,
    publicKey,
    keyId: keyId(name, ed25519Type, publicKey),
    verify: (text, signature) => verify(publicKey, text, signature),
  };
}

/** A signer of plain Ed25519 signatures under `name`. Throws `RangeError` on an impossible name. */
export function ed25519Signer(name: string, key: SigningKey): NoteSigner {
  if (!isKeyName(name)) throw new RangeError('note: not a key name');
  return { name, keyId: keyId(name, ed25519Type, key.publicKey), sign: (text) => sign(key, text) };
}

/** The note of a text and its signature lines. Throws `RangeError` on a text no note can hold. */
export function formatNote({ text, signatures }: Note): string {
  if (!text.endsWith('\n') || !text.isWellFormed() || hasControl(text)) throw new RangeError('note: not a note text');
  return `${text}\n${signatures.map(formatSignatureLine).join('')}`;
}

/** A signature as a line of a note, with its newline. Throws `RangeError` on an impossible name. */
export function formatSignatureLine({ name, keyId, signature }: NoteSignature): string {
  if (!isKeyName(name)) throw new RangeError('note: not a key name');
  return `— ${name} ${toBase64(concat(keyId, signature))}\n`;
}

/** Signs `text` with every signer, in order. Throws `RangeError` on a text no note can hold. */
export async function signNote(text: string, signers: readonly NoteSigner[]): Promise<string> {
  const bytes = utf8(text);
  const signatures = await Promise.all(
    signers.map(async (signer) => ({
      name: signer.name,
      keyId: signer.keyId,
      signature: await signer.sign(bytes),
    })),
  );
  return formatNote({ text, signatures });
}

/** Takes a note apart. Attacker-controlled input: throws `EvidenceError` `note-malformed` on any deviation. */
export function parseNote(untrusted: string | Uint8Array): Note {
  const note = noteText(untrusted);
  const split = note.lastIndexOf('\n\n');
  const lines = note.slice(split + 2).split('\n');
  if (split === -1 || lines.pop() !== '') throw malformed('no signature block');
  if (lines.length < 1 || lines.length > noteSignaturesMax) throw malformed('number of signatures');
  return { text: note.slice(0, split + 1), signatures: lines.map(parseSignatureLine) };
}

function noteText(untrusted: string | Uint8Array): string {
  // A string is at least as short as its UTF-8 bytes, so one limit serves both.
  if (untrusted.length > noteBytesMax) throw malformed('too long');
  let text: string;
  try {
    // ignoreBOM keeps a leading U+FEFF as text: dropping it would change the signed bytes.
    text =
      typeof untrusted === 'string'
        ? untrusted
        : new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(untrusted);
  } catch {
    throw malformed('not UTF-8');
  }
  if (!text.isWellFormed() || hasControl(text)) throw malformed('characters no note may hold');
  return text;
}

/** One line `— name base64`, without its newline. */
function parseSignatureLine(line: string): NoteSignature {
  const [, name = '', encoded = ''] = /^— ([^ ]+) ([^ ]+)$/u.exec(line) ?? [];
  if (!isKeyName(name)) throw malformed('signature line');
  let bytes: Uint8Array;
  try {
    bytes = fromBase64(encoded);
  } catch {
    throw malformed('base64 of a signature');
  }
  if (bytes.length < 5) throw malformed('signature too short');
  return { name, keyId: bytes.slice(0, 4), signature: bytes.slice(4) };
}

/**
 * Verifies a note against the keys the caller knows. Signatures of unknown keys are ignored; one wrong signature of a
 * known key rejects the note (`TrustError` `signature-invalid`), as does the absence of any valid one
 * (`signature-unknown`). Throws `EvidenceError` `note-malformed` before looking at signatures.
 */
export async function verifyNote(
  untrusted: string | Uint8Array,
  known: readonly NoteVerifier[],
): Promise<VerifiedNote> {
  const note = parseNote(untrusted);
  const text = utf8(note.text);
  const verified: NoteSignature[] = [];
  for (const signature of note.signatures) {
    const verifier = known.find((key) => isSameKey(key, signature));
    if (!verifier) continue;
    if (!(await verifier.verify(text, signature.signature))) {
      throw new TrustError('signature-invalid', `the signature of ${signature.name} does not verify`);
    }
    if (!verified.some((other) => isSameKey(other, signature))) verified.push(signature);
  }
  if (verified.length === 0) throw new TrustError('signature-unknown', 'no signature of a known key');
  return { text: note.text, verified };
}

/** Whether two are the same key as far as a note can tell: name and key ID. */
export function isSameKey(a: NoteKey, b: NoteKey): boolean {
  return a.name === b.name && equalBytes(a.keyId, b.keyId);
}

function hasControl(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x20 && unit !== 0x0a) return true;
  }
  return false;
}

function malformed(what: string): EvidenceError {
  return new EvidenceError('note-malformed', what);
}
