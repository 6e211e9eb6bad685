/**
 * Ed25519 (RFC 8032) over WebCrypto, the same in Node, browsers and Workers. tweetnacl is used only to derive public
 * keys: it accepts malleated signatures and verifies two orders of magnitude slower (docs/decisions/0003-signatures.md).
 */
import nacl from 'tweetnacl';
import { concat, toHex } from './bytes.ts';

/** PKCS #8 frame of a raw Ed25519 seed (RFC 8410 §7). */
const pkcs8Head = Uint8Array.from([0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20]);
type PublicKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;
const algorithm = { name: 'Ed25519' };
const imported = new Map<string, Promise<PublicKey>>();
const importedMax = 4096;

/** A secret that signs: the 32-byte seed of RFC 8032 §5.1.5 with its public key. */
export interface SigningKey {
  readonly seed: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** The signing key of a 32-byte seed. */
export function signingKey(seed: Uint8Array): SigningKey {
  return { seed, publicKey: nacl.sign.keyPair.fromSeed(seed).publicKey };
}

/** 64-byte signature of `message`. */
export async function sign(key: SigningKey, message: Uint8Array): Promise<Uint8Array> {
  const secret = await crypto.subtle.importKey('pkcs8', concat(pkcs8Head, key.seed), algorithm, false, ['sign']);
  return new Uint8Array(await crypto.subtle.sign(algorithm, secret, message));
}

/** Whether `signature` is a signature of `message` under the 32-byte `publicKey`; false on any malformed input. */
export async function verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  try {
    const key = await importPublic(publicKey);
    return await crypto.subtle.verify(algorithm, key, signature, message);
  } catch {
    return false;
  }
}

function importPublic(publicKey: Uint8Array): Promise<PublicKey> {
  const name = toHex(publicKey);
  let key = imported.get(name);
  if (!key) {
    if (imported.size >= importedMax) imported.clear();
    key = crypto.subtle.importKey('raw', publicKey, algorithm, false, ['verify']);
    imported.set(name, key);
  }
  return key;
}
