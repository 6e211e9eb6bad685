/**
 * Refusals: values with a stable code that may cross the wire, decided before any row is read, from policy, log and
 * statement alone (architecture.md "Charge first"). The text names the field and the fix and never carries a value.
 */
import type { Bilingual } from './name.ts';

/** Every refusal code with what it says to people. The codes are stable; the texts may be improved. */
export const refusals = {
  'entry-unknown': {
    de: 'Diesen Eintrag gibt es im Protokoll nicht.',
    en: 'There is no such entry in the log.',
  },
  'detail-unknown': {
    de: 'Zu diesem Mitglied oder diesem Lauf ist nichts hinterlegt.',
    en: 'Nothing is kept about this member or run.',
  },
  'detail-erased': {
    de: 'Diese Angaben sind gelöscht; das Protokoll sagt, unter welchem Eintrag.',
    en: 'These details are erased; the log says under which entry.',
  },
  'detail-held': {
    de: 'Diese Angaben sind gesperrt und werden nicht gelöscht, bis die Sperre aufgehoben ist.',
    en: 'These details are held and are not erased until the hold is lifted.',
  },
  'snapshot-unknown': {
    de: 'Diesen Schnappschuss gibt es nicht, er hat eine andere Prüfsumme, oder alles vor ihm ist schon gelöscht.',
    en: 'There is no such snapshot, it has another digest, or everything before it is pruned already.',
  },
  'charter-key-missing': {
    de: 'Das kann nur, wer noch den Schlüssel aus der Charta hat: Wer nach der Löschung prüft, kennt keinen anderen. Eine andere Datenschutzbeauftragte der Partei bitten.',
    en: 'Only who still has the key in the charter can do this: whoever verifies after the pruning knows no other. Ask another data protection officer of your party.',
  },
  'log-held': {
    de: 'Das Protokoll ist gesperrt; nichts davon wird gelöscht, bis die Sperre aufgehoben ist.',
    en: 'The log is held; nothing of it is pruned until the hold is lifted.',
  },
  'retention-not-over': {
    de: 'Die Aufbewahrungsfrist der Charta ist für diese Einträge noch nicht abgelaufen.',
    en: 'The charter’s retention period for these entries is not over yet.',
  },
  'quorum-missing': {
    de: 'Zu wenige Zeugen haben den Stand des Protokolls bestätigt; ohne sie verlässt keine Antwort den Raum. Später erneut fragen: Was schon berechnet ist, kommt dann ohne Abbuchung.',
    en: 'Too few witnesses have confirmed the log; without them no answer leaves the room. Ask again later: what was computed already comes at no charge then.',
  },
  'envelope-malformed': {
    de: 'Der Umschlag der Erklärung ist nicht lesbar. Erwartet wird ein DSSE-Umschlag mit einer Ed25519-Signatur.',
    en: 'The statement envelope cannot be read. Send a DSSE envelope with one Ed25519 signature.',
  },
  'statement-not-canonical': {
    de: 'Die Erklärung ist nicht in kanonischer Form (RFC 8785). Bitte mit dem Werkzeug des Raums erzeugen.',
    en: 'The statement is not in canonical form (RFC 8785). Create it with the room’s own tool.',
  },
  'statement-malformed': {
    de: 'Die Erklärung entspricht nicht ihrem Schema. Das genannte Feld berichtigen.',
    en: 'The statement does not match its schema. Correct the named field.',
  },
  'signature-invalid': {
    de: 'Die Signatur passt nicht zu Erklärung und Schlüssel.',
    en: 'The signature does not match statement and key.',
  },
  'room-unknown': {
    de: 'Diesen Raum gibt es hier nicht, oder die Erklärung gilt einem anderen Raum.',
    en: 'There is no such room here, or the statement is for another room.',
  },
  'room-not-founded': {
    de: 'Der Raum ist noch nicht gegründet: Es fehlen Unterschriften unter der Charta.',
    en: 'The room is not founded yet: signatures under the charter are missing.',
  },
  'room-founded': { de: 'Der Raum ist bereits gegründet.', en: 'The room is founded already.' },
  'room-stopped': {
    de: 'Der Raum ist angehalten und beantwortet nichts. Betrieb und Datenschutz müssen ihn prüfen.',
    en: 'The room is stopped and answers nothing. Operator and data protection officers must examine it.',
  },
  'charter-outdated': {
    de: 'Die Erklärung nennt eine andere Charta als die geltende. Charta neu laden und erneut unterschreiben.',
    en: 'The statement names a charter other than the one in force. Reload the charter and sign again.',
  },
  'charter-malformed': {
    de: 'Die Charta entspricht nicht ihrem Schema. Das genannte Feld berichtigen.',
    en: 'The charter does not match its schema. Correct the named field.',
  },
  'charter-unsigned': {
    de: 'Es fehlt die Unterschrift eines Dateneigners oder einer Datenschutzbeauftragten unter der Charta.',
    en: 'The signature of an owner or data protection officer under the charter is missing.',
  },
  'measurement-untrusted': {
    de: 'Die Charta vertraut dieser Fassung der Enklave nicht. Eine neue Fassung braucht eine geänderte Charta.',
    en: 'The charter does not trust this enclave build. A new build needs an amended charter.',
  },
  'actor-unknown': {
    de: 'Dieser Schlüssel gehört keinem Mitglied des Raums.',
    en: 'This key belongs to no member of the room.',
  },
  'role-missing': {
    de: 'Dem Mitglied fehlt die Rolle für diese Handlung.',
    en: 'The member lacks the role for this act.',
  },
  'statement-expired': {
    de: 'Die Erklärung ist abgelaufen oder liegt in der Zukunft. Uhr prüfen und erneut unterschreiben.',
    en: 'The statement has expired or lies in the future. Check the clock and sign again.',
  },
  'statement-replayed': {
    de: 'Diese Erklärung wurde schon verwendet. Jede Handlung braucht eine neue.',
    en: 'This statement was used before. Every act needs a new one.',
  },
  'checkpoint-invalid': {
    de: 'Der in "seen" genannte Prüfpunkt trägt keine gültige Signatur dieses Raums.',
    en: 'The checkpoint named in "seen" carries no valid signature of this room.',
  },
  'dataset-unknown': { de: 'Die Charta kennt diesen Datensatz nicht.', en: 'The charter has no such dataset.' },
  'dataset-not-owned': {
    de: 'Der Datensatz gehört einer anderen Stelle.',
    en: 'The dataset belongs to another unit.',
  },
  'dataset-version': {
    de: 'Version oder Vorgänger passt nicht: Die nächste Version folgt auf die zuletzt zugelassene.',
    en: 'Version or predecessor does not fit: the next version follows the one admitted last.',
  },
  'dataset-not-declared': {
    de: 'Diese Version wurde nicht angekündigt oder ist schon abgeschlossen.',
    en: 'This version was not declared or is closed already.',
  },
  'dataset-not-admitted': {
    de: 'Der Datensatz ist nicht (mehr) zugelassen.',
    en: 'The dataset is not admitted (any more).',
  },
  'dataset-expired': {
    de: 'Die Frist "validUntil" des Datensatzes ist abgelaufen.',
    en: 'The dataset’s term "validUntil" has passed.',
  },
  'schema-mismatch': {
    de: 'Der Digest des Schemas ist nicht der, den die Charta für diesen Datensatz nennt.',
    en: 'The schema digest is not the one the charter names for this dataset.',
  },
  'capacity-invalid': {
    de: 'Die angekündigte Kapazität (Feld "capacityRows") liegt außerhalb der Grenzen des Raums.',
    en: 'The declared capacity (field "capacityRows") is outside the room’s limits.',
  },
  'upload-incomplete': {
    de: 'Die versiegelte Datei ist noch nicht vollständig angekommen. Hochladen fortsetzen, dann erneut abschließen.',
    en: 'The sealed file has not arrived completely. Resume the upload, then finish again.',
  },
  'seal-invalid': {
    de: 'Die versiegelte Datei ist beschädigt, gekürzt, vertauscht oder für einen anderen Raum bestimmt.',
    en: 'The sealed file is damaged, truncated, swapped or meant for another room.',
  },
  'purpose-unknown': { de: 'Die Charta kennt diesen Zweck nicht.', en: 'The charter has no such purpose.' },
  'recipient-not-allowed': {
    de: 'Diese Stelle darf das Ergebnis nicht empfangen.',
    en: 'This unit may not receive the result.',
  },
  'reader-not-member': {
    de: 'Der Leseschlüssel ist nicht der, den die Charta für dieses Mitglied nennt.',
    en: 'The reading key is not the one the charter names for this member.',
  },
  'query-malformed': {
    de: 'Die Frage entspricht nicht ihrem Schema. Das genannte Feld berichtigen.',
    en: 'The query does not match its schema. Correct the named field.',
  },
  'query-unknown': {
    de: 'Diese Frage wurde dem Raum nicht vorgeschlagen, oder sie wurde verändert.',
    en: 'This query was not proposed to the room, or it was altered.',
  },
  'query-known': {
    de: 'Diese Frage wurde bereits vorgeschlagen.',
    en: 'This query was proposed already.',
  },
  'query-not-approved': {
    de: 'Der Frage fehlt die Zustimmung eines Dateneigners oder einer Datenschutzbeauftragten.',
    en: 'The query lacks the approval of an owner or data protection officer.',
  },
  'query-revoked': { de: 'Die Zustimmung zur Frage wurde widerrufen.', en: 'The query’s approval was revoked.' },
  'query-suspended': {
    de: 'Die Frage ist nach einem Fehlschlag ausgesetzt. Eine Datenschutzbeauftragte muss sie mit "query clear" freigeben.',
    en: 'The query is suspended after a failure. A data protection officer must clear it with "query clear".',
  },
  'query-not-suspended': {
    de: 'Die Frage ist nicht ausgesetzt, oder das Feld "failed" nennt nicht ihren letzten Fehlschlag.',
    en: 'The query is not suspended, or the field "failed" does not name its latest failure.',
  },
  'query-expired': { de: 'Die Frage ist abgelaufen.', en: 'The query has expired.' },
  'query-not-compilable': {
    de: 'Die Frage passt nicht zum Schema des Datensatzes. Das genannte Feld berichtigen.',
    en: 'The query does not fit the dataset’s schema. Correct the named field.',
  },
  'k-below-floor': {
    de: 'k liegt unter der Untergrenze der Charta für diese Population.',
    en: 'k is below the charter’s floor for this population.',
  },
  'parameter-invalid': {
    de: 'Ein Parameter fehlt, ist überzählig oder liegt außerhalb seines Wertebereichs.',
    en: 'A parameter is missing, not foreseen or outside its domain.',
  },
  'commitment-mismatch': {
    de: 'Die Öffnung passt nicht zur unterschriebenen Festlegung.',
    en: 'The opening does not match the signed commitment.',
  },
  'budget-exhausted': {
    de: 'Das Datenschutzbudget reicht nicht aus. Erhöhen kann es nur eine geänderte, von allen unterschriebene Charta.',
    en: 'The privacy budget does not suffice. Only an amended charter signed by all can raise it.',
  },
  'release-unknown': {
    de: 'Zu dieser Abbuchung gibt es keine Veröffentlichung.',
    en: 'There is no release for this charge.',
  },
  'release-retracted': {
    de: 'Die Antwort wurde zurückgezogen. Neu beantwortet wird die Frage erst zu einer neuen Fassung des Datensatzes.',
    en: 'The answer was retracted. The question is answered anew only about a new version of the dataset.',
  },
  'member-unknown': {
    de: 'Die Charta kennt dieses Mitglied nicht.',
    en: 'The charter has no such member.',
  },
  'recovery-own': {
    de: 'Neue Schlüssel für sich selbst kann niemand genehmigen. Andere Mitglieder müssen es tun.',
    en: 'Nobody can approve new keys for themselves. Other members must do it.',
  },
  'recovery-key': {
    de: 'Der neue Schlüssel ist schwach oder war in diesem Raum schon in Gebrauch. Mit "keygen --replaces" neue machen.',
    en: 'The new key is weak or was in use in this room before. Make new ones with "keygen --replaces".',
  },
  'recovery-unproved': {
    de: 'Es fehlt der gültige Nachweis, dass jemand den neuen Schlüssel hat. Mit "member recover" einen neuen machen.',
    en: 'A valid proof that somebody holds the new key is missing. Make a new one with "member recover".',
  },
  'state-format-unknown': {
    de: 'Das Zustandsverzeichnis hat ein Format, das diese Fassung nicht kennt. Die Fassung starten, die es anlegte.',
    en: 'The state directory has a format this build does not know. Run the build that made it.',
  },
  'dataset-unavailable': {
    de: 'Die versiegelte Datei eines zugelassenen Datensatzes ist nicht lesbar. Der Betrieb muss sie wiederherstellen.',
    en: 'The sealed file of an admitted dataset cannot be read. The operator must restore it.',
  },
  'session-invalid': {
    de: 'Es fehlt eine gültige Sitzung. Mit "session.open" eine neue öffnen.',
    en: 'A valid session is missing. Open one with "session.open".',
  },
} as const satisfies Record<string, Bilingual>;

/** A stable name of a refusal. */
export type RefusalCode = keyof typeof refusals;

/** A refusal. `field` names the place in the statement or policy, never what stands there. */
export class Refusal extends Error {
  readonly code: RefusalCode;
  readonly field: string | undefined;

  constructor(code: RefusalCode, field?: string) {
    super(field ? `${code}: ${field}` : code);
    this.name = 'Refusal';
    this.code = code;
    this.field = field;
  }
}

/** Whether a text from outside is one of our codes. */
export function isRefusalCode(text: string): text is RefusalCode {
  return Object.hasOwn(refusals, text);
}
