/** `VERIFY.md` of an evidence bundle: how a stranger verifies it, in German and English, with commands to paste. */
import { bundleOf, tilePath, tileWidthAt } from '@reinraum/audit';

/** What the page is about. `root` in base64, as in the checkpoint. */
export interface BundleFacts {
  readonly room: string;
  readonly size: number;
  readonly root: string;
  readonly vkey: string;
  /** First entry whose bundle is kept: 0, or what is left behind a pruning. */
  readonly first: number;
  /** Whether programs of others are in the bundle, under `foreign/`. */
  readonly hasForeign: boolean;
}

/** Not a block of `sh`: that is the one below, which needs no Go. */
const goCommand = (first: number) =>
  [
    '```text',
    `cd foreign && go run . -key "$(cat ../keys/log.vkey)"${first === 0 ? '' : ` -pruned ${first}`} -receipt ../receipts/${first}.tlog-proof ../log`,
    '```',
  ].join('\n');

/** The page. A test runs the shell block as it stands here. */
export function verifyPage(facts: BundleFacts): string {
  return [heading(facts), german(facts), english(facts), commands(facts)].join('\n');
}

function heading({ room, size, root, vkey }: BundleFacts): string {
  return `# Beweispaket prüfen / verifying this bundle

| | |
|---|---|
| Raum / room (SHA-256 der Charta / of the charter) | \`${room}\` |
| Einträge / entries | ${size} |
| Wurzel / root | \`${root}\` |
| Schlüssel des Protokolls / key of the log | \`${vkey}\` |
`;
}

function german({ hasForeign, first }: BundleFacts): string {
  return `## Deutsch

Dieses Paket enthält das Protokoll eines Reinraums: ${first === 0 ? 'jeden Eintrag' : `jeden Eintrag ab Nummer ${first} und die Prüfsummen der früheren, die nach Ablauf der Frist gelöscht wurden`}, die unterschriebene Wurzel, die Erklärungen aller
Beteiligten und Quittungen. Es enthält keine Antworten, keine Datensätze, keine Schlüssel von Mitgliedern und keine Namen.

**Zuerst:** Vergleichen Sie die Kennung des Raums oben mit der Charta, die Sie selbst unterschrieben oder auf anderem Weg
erhalten haben. Ohne diesen Vergleich beweist das Paket nur, dass es ein gültiges Protokoll *irgendeines* Raums ist.
Lassen Sie sich die Prüfsumme der Datei \`SHA256SUMS\` auf einem anderen Weg sagen: Sie deckt auch diese Seite.

**(a) Mit Reinraum.** \`reinraum audit verify <dieser Ordner> --room <Kennung>\` prüft alles: Unterschrift, Wurzel, jede
Kachel, jede Erklärung, jede Freigabe, jede Abbuchung, jeden Kontostand, die Quittungen und jede Datei des Pakets.

**(b) Mit einem Programm in Go.** ${
    hasForeign
      ? `Der Ordner \`foreign/\` enthält Programme, die ohne Code von Reinraum prüfen. Sein Go-Programm rechnet die Wurzel aus den Einträgen nach und prüft jede Kachel und die Quittung:\n\n${goCommand(first)}\n\n`
      : 'Die Pakete `note` und `tlog` aus `golang.org/x/mod/sumdb` genügen: `note.NewVerifier` nimmt den Schlüssel aus `keys/log.vkey`, `note.Open` prüft `log/checkpoint`; aus den Bündeln `log/tile/entries/` (je Eintrag zwei Bytes Länge, dann der Eintrag) ergibt `tlog.RecordHash` die Blätter und `tlog.StoredHashes` mit `tlog.TreeHash` die Wurzel. '
  }Die Regeln des Raums prüft es nicht, nur (a) tut das.

**(c) Nur mit OpenSSL und coreutils.** Die Befehle unten prüfen die Prüfsummen aller Dateien, die Unterschrift der Wurzel,
die Prüfsumme von Eintrag ${first} und dass er in der unterschriebenen Wurzel enthalten ist. Am Ende steht \`OK\`. Für einen anderen
Eintrag: seine Quittung aus \`receipts/\` nehmen; die Zeile \`extra\` darin ist der Eintrag in Base64.
`;
}

function english({ hasForeign, first }: BundleFacts): string {
  return `## English

This bundle holds the log of a clean room: ${first === 0 ? 'every entry' : `every entry from number ${first} on and the hashes of those before, which were pruned when their time was over`}, the signed root, the statements of all who took part, and receipts. It
holds no answers, no records, no keys of members and no names.

**First:** compare the room above with the charter you signed yourself or were given some other way. Without that the bundle only
proves that it is a valid log of *some* room. Have the digest of the file \`SHA256SUMS\` told to you some other way: it covers this
page, too.

**(a) With Reinraum.** \`reinraum audit verify <this folder> --room <room>\` checks everything: signature, root, every tile, every
statement, approval, charge and balance, the receipts, and every file of the bundle.

**(b) With a program in Go.** ${
    hasForeign
      ? `The folder \`foreign/\` holds programs that verify without code of Reinraum. Its Go program recomputes the root from the entries and checks every tile and the receipt:\n\n${goCommand(first)}\n\n`
      : 'The packages `note` and `tlog` of `golang.org/x/mod/sumdb` are enough: `note.NewVerifier` takes the key in `keys/log.vkey`, `note.Open` checks `log/checkpoint`; from the bundles `log/tile/entries/` (two bytes of length, then the entry) `tlog.RecordHash` gives the leaves, and `tlog.StoredHashes` with `tlog.TreeHash` the root. '
  }The room’s rules it does not check; only (a) does.

**(c) With OpenSSL and coreutils alone.** The commands below check the digests of all files, the signature of the root, the hash of
entry ${first}, and that it is in the signed root. At the end they print \`OK\`. For another entry take its receipt from \`receipts/\`; the
line \`extra\` in it is the entry in base64.
`;
}

/** Paths of the first bundle and its hashes are those of this size, so that nothing has to be looked for. */
function commands({ size, first }: BundleFacts): string {
  const index = bundleOf(first);
  const width = tileWidthAt('entries', index, size);
  const entries = `log/${tilePath({ level: 'entries', index, width })}`;
  const hashes = `log/${tilePath({ level: 0, index, width })}`;
  return `## OpenSSL, coreutils

\`\`\`sh
set -eu
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
hex() { od -An -v -tx1 | tr -d ' \\n'; }
sha256() { openssl dgst -sha256 -binary; }

# 1  Alle Dateien / all files
sha256sum --check --strict --quiet SHA256SUMS

# 2  Schlüssel: Name + Kennung + Base64(01 ‖ Schlüssel) / key: name + id + base64(01 ‖ key)
vkey=$(cat keys/log.vkey)
name=\${vkey%%+*}
rest=\${vkey#*+}
id=\${rest%%+*}
printf '%s' "\${rest#*+}" | base64 -d | tail -c 32 > "$work/key"
test "$id" = "$({ printf '%s\\n\\001' "$name"; cat "$work/key"; } | sha256sum | cut -c 1-8)"
{ printf '\\060\\052\\060\\005\\006\\003\\053\\145\\160\\003\\041\\000'; cat "$work/key"; } > "$work/key.der"

# 3  Unterschrift über die ersten drei Zeilen / signature over the first three lines
head -n 3 log/checkpoint > "$work/text"
test -z "$(head -n 4 log/checkpoint | tail -n 1)"
test "$(head -n 1 "$work/text")" = "$name"
line=$(tail -n +5 log/checkpoint | head -n 1)
test "$(printf '%s' "$line" | cut -d ' ' -f 2)" = "$name"
printf '%s' "$line" | cut -d ' ' -f 3 | base64 -d > "$work/line"
test "$(wc -c < "$work/line")" -eq 68
test "$(head -c 4 "$work/line" | hex)" = "$id"
tail -c 64 "$work/line" > "$work/signature"
openssl pkeyutl -verify -pubin -keyform DER -inkey "$work/key.der" -rawin -in "$work/text" -sigfile "$work/signature"

# 4  Blatt von Eintrag ${first}: SHA-256(00 ‖ Eintrag) / leaf of entry ${first}: SHA-256(00 ‖ entry)
set -- $(od -An -v -tu1 -N 2 ${entries})
{ printf '\\000'; tail -c +3 ${entries} | head -c $(($1 * 256 + $2)); } | sha256 > "$work/hash"
test "$(head -c 32 ${hashes} | hex)" = "$(hex < "$work/hash")"

# 5  Mit der Quittung vom Blatt zur Wurzel, RFC 9162 §2.1.3.2 / with the receipt from the leaf to the root
size=$(head -n 2 "$work/text" | tail -n 1)
while read -r word value; do
  case $word in
    c2sp.org/*) continue ;;
    extra)
      test "$({ printf '\\000'; printf '%s' "$value" | base64 -d; } | sha256 | hex)" = "$(hex < "$work/hash")"
      continue ;;
    index) fn=$value sn=$((size - 1)); continue ;;
    '') break ;;
  esac
  printf '%s' "$word" | base64 -d > "$work/sibling"
  test "$sn" -ne 0
  if [ $((fn % 2)) -eq 1 ] || [ "$fn" -eq "$sn" ]; then
    { printf '\\001'; cat "$work/sibling" "$work/hash"; } | sha256 > "$work/next"
    while [ $((fn % 2)) -eq 0 ] && [ "$fn" -ne 0 ]; do fn=$((fn / 2)) sn=$((sn / 2)); done
  else
    { printf '\\001'; cat "$work/hash" "$work/sibling"; } | sha256 > "$work/next"
  fi
  mv "$work/next" "$work/hash"
  fn=$((fn / 2)) sn=$((sn / 2))
done < receipts/${first}.tlog-proof
test "$sn" -eq 0
test "$(base64 -w 0 < "$work/hash")" = "$(tail -n 1 "$work/text")"
echo OK
\`\`\`
`;
}
