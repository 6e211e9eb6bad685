#!/bin/sh
# Verifies the Ed25519 signature of a checkpoint with OpenSSL (3.0 or later) and nothing else of cryptography.
#
#     verify-checkpoint.sh <vkey> <checkpoint file>
#
# Ends with 0 and prints size and root; with 1 and `rejected: <reason>`; or with 2 where it was called wrongly. That the
# entries lead to this root is for others to show (main.go beside this file). Formats: docs/spec/log.md, section 3.
set -eu
# Bytes, not characters: the dash before a signature has three of them.
LC_ALL=C
export LC_ALL

[ $# -eq 2 ] && [ -r "$2" ] || { echo "usage: $0 <vkey> <checkpoint file>" >&2; exit 2; }
vkey=$1
checkpoint=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

reject() { echo "rejected: $1" >&2; exit 1; }
hex() { od -An -v -tx1 "$1" | tr -d ' \n'; }
# Base64 of the argument → file. OpenSSL reads some wrong spellings, so what it read is written again and compared.
decode() {
  printf '%s' "$1" | openssl base64 -d -A > "$2" 2> /dev/null || return 1
  [ "$(openssl base64 -A -in "$2")" = "$1" ]
}

# A verifier key is <name>+<key id>+<base64 of 0x01 ‖ public key>, where
# key id = SHA-256(name ‖ newline ‖ 0x01 ‖ public key), the first four bytes in hex.
name=${vkey%%+*}
rest=${vkey#*+}
id=${rest%%+*}
decode "${rest#*+}" "$work/key" || reject vkey-malformed
[ "$(wc -c < "$work/key")" -eq 33 ] || reject vkey-malformed
case $(hex "$work/key") in 01*) ;; *) reject vkey-malformed ;; esac
{ printf '%s\n' "$name"; cat "$work/key"; } | openssl dgst -sha256 -binary | head -c 4 > "$work/id"
[ "$(hex "$work/id")" = "$id" ] || reject vkey-malformed

# The public key as OpenSSL reads it: SubjectPublicKeyInfo of RFC 8410, twelve bytes and the key.
{ printf '\060\052\060\005\006\003\053\145\160\003\041\000'; tail -c 32 "$work/key"; } > "$work/key.der"

# Three lines are signed, with their newlines; an empty line ends them, and signatures follow.
head -n 3 "$checkpoint" > "$work/text"
[ -z "$(sed -n 4p "$checkpoint")" ] || reject checkpoint-malformed
[ "$(head -n 1 "$work/text")" = "$name" ] || reject origin-unknown

# Lines of other keys are passed over; one wrong signature of this key is enough to reject.
verified=0
sed 1,4d "$checkpoint" > "$work/signatures"
while IFS=' ' read -r dash signer encoded; do
  [ "$dash" = '—' ] || reject note-malformed
  decode "$encoded" "$work/signed" || reject note-malformed
  head -c 4 "$work/signed" > "$work/id"
  [ "$signer" = "$name" ] && [ "$(hex "$work/id")" = "$id" ] || continue
  tail -c +5 "$work/signed" > "$work/signature"
  openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey "$work/key.der" \
    -in "$work/text" -sigfile "$work/signature" > /dev/null 2>&1 || reject signature-invalid
  verified=1
done < "$work/signatures"
[ "$verified" -eq 1 ] || reject signature-unknown

echo "verified: $name, $(sed -n 2p "$work/text") entries, root $(sed -n 3p "$work/text")"
