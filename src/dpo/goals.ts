/** The protection goals of the Standard-Datenschutzmodell, each with risk, measure and what is left, from the documentation. */
import type { Bilingual } from '@reinraum/protocol';
import { type Said, text } from '../reports/document.ts';
import { docs, from } from './folder-basis.ts';

/** A goal. */
export interface Goal {
  readonly name: Bilingual;
  readonly risk: Said;
  readonly measure: Said;
  readonly left: Said;
}

/** All seven, in the order of the SDM. */
export const goals: readonly Goal[] = [
  {
    name: text('Datenminimierung', 'Data minimisation'),
    risk: from(
      'Es wird mehr angeliefert oder gefragt, als der Zweck braucht.',
      'More is handed over or asked than the purpose needs.',
      docs('threat-model.md', 'What is left'),
    ),
    measure: from(
      'Spalten haben feste Wertelisten oder Grenzen, kein Freitext; gefragt wird nur, was jeder Dateneigner und der Datenschutz jeder Partei vorher freigegeben haben.',
      'Columns have fixed code lists or bounds, no free text; only what every owner and every party’s data protection officer has approved is asked.',
      docs('spec/policy.md', '3 Schemas'),
      docs('spec/query.md', '6 Approval'),
    ),
    left: from(
      'Ob eine Frage nötig ist, entscheiden die, die sie freigeben.',
      'Whether a question is needed is decided by those who approve it.',
      docs('threat-model.md', 'What is left'),
    ),
  },
  {
    name: text('Verfügbarkeit', 'Availability'),
    risk: from(
      'Raum oder Protokoll fallen aus oder gehen verloren.',
      'Room or log fail or are lost.',
      docs('threat-model.md', 'What is left'),
    ),
    measure: from(
      'Jeder Eintrag ist auf der Platte, bevor er gilt; ein Protokoll darf zur Prüfung beliebig kopiert werden.',
      'Every entry is on the disk before it counts; a log may be copied for verification at will.',
      docs('spec/log.md', '5 Files and durability'),
      docs('operations.md', 'State, backup, restore'),
    ),
    left: from(
      'Der Betreiber kann alles anhalten. Eine zurückgespielte Sicherung ist ein Rückschritt und kein Notfallplan.',
      'The operator can stop everything. A restored backup is a rollback and no recovery plan.',
      docs('threat-model.md', 'What is left'),
      docs('operations.md', 'State, backup, restore'),
    ),
  },
  {
    name: text('Integrität', 'Integrity'),
    risk: from(
      'Handlungen werden erfunden, verändert oder unterschlagen.',
      'Acts are invented, altered or suppressed.',
      docs('threat-model.md', 'What is to be protected'),
    ),
    measure: from(
      'Wer handelt, unterschreibt; jeder Eintrag steht in einem Baum von Prüfsummen, den jeder nachrechnen kann.',
      'Whoever acts signs; every entry is in a tree of hashes that anybody can work out again.',
      docs('spec/log.md', '7 Replay'),
      docs('spec/statement.md', '3 Fields, types, checks'),
    ),
    left: from(
      'Ein zurückgesetztes oder gespaltenes Protokoll fällt nur auf, wenn unabhängige Zeugen mitzeichnen oder jemand vergleicht.',
      'A log that was set back or split is noticed only where independent witnesses cosign or somebody compares.',
      docs('threat-model.md', 'What is left'),
      docs('spec/witness.md', '6 Witnesses of a room'),
    ),
  },
  {
    name: text('Vertraulichkeit', 'Confidentiality'),
    risk: from(
      'Datensätze oder kleine Zahlen werden bekannt.',
      'Records or small counts become known.',
      docs('threat-model.md', 'What is to be protected'),
    ),
    measure: from(
      'Dateien sind vor dem Hochladen versiegelt; heraus kommen nur Tabellen mit Rauschen und Mindestzahl; das Budget hat eine Obergrenze.',
      'Files are sealed before they are uploaded; only tables with noise and a minimum count come out; the budget has a cap.',
      docs('spec/seal.md', '1 What it promises'),
      docs('spec/release.md', '3 The hard minimum k'),
      docs('threat-model.md', 'What an answer gives away'),
    ),
    left: from(
      'Mit Zusicherung „software“ kann der Betreiber der Maschine entschlüsseln.',
      'With assurance “software” the operator of the machine can decrypt.',
      docs('threat-model.md', 'What is left'),
    ),
  },
  {
    name: text('Nichtverkettung', 'Unlinkability'),
    risk: from(
      'Daten verschiedener Stellen werden auf einzelne Menschen zusammengeführt, oder Ergebnisse fließen in andere Zwecke.',
      'Data of several units are put together for single people, or results flow into other purposes.',
      docs('threat-model.md', 'What is to be protected'),
    ),
    measure: from(
      'Kennungen werden vor der Abgabe mit einem Schlüssel des Dateneigners ersetzt; Zweck und Empfänger sind Teil jeder Freigabe.',
      'Identifiers are replaced with a key of the owner before handing over; purpose and recipient are part of every approval.',
      docs('spec/policy.md', '4.2 Pseudonyms'),
      docs('spec/query.md', '6 Approval'),
    ),
    left: from(
      'Was Empfänger mit Antworten tun, bindet sie rechtlich, nicht technisch; wer einen Pseudonymschlüssel und eine Namensliste hat, kann Pseudonyme nachrechnen.',
      'What recipients do with answers binds them by law, not technically; who holds a pseudonym key and a list of names can recompute pseudonyms.',
      docs('threat-model.md', 'What is left'),
    ),
  },
  {
    name: text('Transparenz', 'Transparency'),
    risk: from(
      'Niemand kann sagen, wer wann was wozu gefragt hat.',
      'Nobody can tell who asked what, when, and what for.',
      docs('threat-model.md', 'What is to be protected'),
    ),
    measure: from(
      'Jede Frage, Freigabe, Abbuchung, Antwort und Ablehnung ist ein Eintrag mit Zweck und Rechtsgrundlage; Berichte und Prüfung braucht niemand zu glauben, man rechnet sie nach.',
      'Every question, approval, charge, answer and refusal is an entry with purpose and legal basis; reports and verification need not be believed, they can be worked out again.',
      docs('spec/log.md', '6 Entries'),
      docs('spec/reports.md', '2 The twelve reports'),
    ),
    left: from(
      'Was der Betreiber an der Maschine tut und was nie beim Raum ankam, steht nicht im Protokoll.',
      'What the operator does to the machine, and what never reached the room, is not in the log.',
      docs('threat-model.md', 'What is left'),
    ),
  },
  {
    name: text('Intervenierbarkeit', 'Intervenability'),
    risk: from(
      'Ein Fehler oder ein Widerspruch bleibt ohne Folge.',
      'A mistake or an objection has no effect.',
      docs('threat-model.md', 'What is left'),
    ),
    measure: from(
      'Datenschutzbeauftragte und Dateneigner können Fragen widerrufen, Datensätze und Antworten zurückziehen; eine gescheiterte Frage ruht, bis der Datenschutz sie freigibt.',
      'Data protection officers and owners can revoke questions and withdraw datasets and answers; a failed question rests until a data protection officer clears it.',
      docs('spec/policy.md', '4.7 Withdrawal'),
      docs('spec/release.md', '9 Suspension'),
      docs('spec/release.md', '10 Retraction'),
    ),
    left: from(
      'Ein Rückzug erreicht keine Kopien. Einzelne Menschen können nicht gelöscht werden, nur eine neue Fassung ohne sie.',
      'A retraction does not reach copies. Single people cannot be erased, only a new version without them be handed over.',
      docs('threat-model.md', 'What is left'),
    ),
  },
];
