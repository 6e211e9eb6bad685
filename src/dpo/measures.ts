/** Technical and organisational measures (Art. 32 GDPR): what the room does, where it is described, what the log shows of it. */
import { type Row, type Said, text, toFillIn } from '../reports/document.ts';
import { type ReportBody, witnessesSaid } from '../reports/heading.ts';
import { health } from '../reports/health.ts';
import type { ReportWish } from '../reports/subject.ts';
import { docs, type FolderBasis, from, sourced } from './folder-basis.ts';

/** The list. Measures of an organisation are marked gaps: the room knows nothing of doors and training. */
export function measures({ log }: FolderBasis, wish: ReportWish): ReportBody {
  const starts = health(log, wish).sections.flatMap(({ tables }) =>
    tables.filter(({ caption }) => caption.de === 'Starts'),
  );
  return {
    id: 'measures',
    title: text(
      'Technische und organisatorische Maßnahmen (Art. 32 DSGVO)',
      'Technical and organisational measures (Art. 32 GDPR)',
    ),
    sections: [
      {
        title: text('Maßnahmen des Raums', 'Measures of the room'),
        sentences: [],
        tables: [
          {
            caption: text('Maßnahmen', 'Measures'),
            head: [text('Bereich', 'Area'), text('Maßnahme', 'Measure')],
            rows: technical.map(([area, measure]): Row => ({ entries: [], cells: [sourced(area), measure] })),
            empty: text('Keine.', 'None.'),
          },
        ],
      },
      {
        title: text('Was das Protokoll davon zeigt', 'What the log shows of it'),
        sentences: [witnessesSaid(log)],
        tables: starts,
      },
      {
        title: text('Maßnahmen der Organisation', 'Measures of the organisation'),
        sentences: [
          toFillIn(
            'Zutritt, Zugang und Betrieb der Maschine; wer ihr Betreiber ist',
            'access to and operation of the machine; who its operator is',
          ),
          toFillIn(
            'Verwahrung der Schlüsseldateien der Mitglieder und des Betreiberschlüssels',
            'keeping of members’ key files and of the operator’s key',
          ),
          toFillIn(
            'Schulung, Vertretung, Verpflichtung auf Vertraulichkeit',
            'training, deputies, commitment to confidentiality',
          ),
          toFillIn(
            'Termin und Verfahren der regelmäßigen Überprüfung (Art. 32 Abs. 1 Buchst. d)',
            'date and procedure of the regular review (Art. 32(1)(d))',
          ),
        ],
        tables: [],
      },
    ],
  };
}

const technical: readonly (readonly [ReturnType<typeof text>, Said])[] = [
  [
    text('Pseudonymisierung', 'Pseudonymisation'),
    from(
      'Kennungen werden beim Dateneigner mit dessen Schlüssel durch Pseudonyme ersetzt.',
      'Identifiers are replaced by pseudonyms at the owner’s, with the owner’s key.',
      docs('spec/policy.md', '4.2 Pseudonyms'),
    ),
  ],
  [
    text('Verschlüsselung', 'Encryption'),
    from(
      'Dateien werden vor dem Hochladen für einen Schlüssel dieser einen Fassung versiegelt; Antworten werden für den Leser versiegelt.',
      'Files are sealed for a key of this one version before they are uploaded; answers are sealed to the reader.',
      docs('spec/seal.md', '1 What it promises'),
      docs('spec/release.md', '6 Delivery'),
    ),
  ],
  [
    text('Vertraulichkeit der Ergebnisse', 'Confidentiality of results'),
    from(
      'Rauschen, Mindestzahl je Zelle und eine Obergrenze für alles zusammen.',
      'Noise, a minimum count for each cell, and a cap on everything together.',
      docs('spec/release.md', '2 Exact tables and noise'),
      docs('spec/release.md', '3 The hard minimum k'),
      docs('threat-model.md', 'What an answer gives away'),
    ),
  ],
  [
    text('Zugriffskontrolle', 'Access control'),
    from(
      'Jede Handlung ist mit dem Schlüssel eines Mitglieds unterschrieben und auf dessen Rolle beschränkt.',
      'Every act is signed with the key of a member and limited to its role.',
      docs('spec/statement.md', '3 Fields, types, checks'),
    ),
  ],
  [
    text('Trennung', 'Separation'),
    from(
      'Für die Auswertung ist eine eigene Umgebung ohne Netz vorgesehen; ihre Schutzwände werden bei jedem Start erprobt, und welche hielten, sagt die Tabelle Starts.',
      'For evaluation an environment of its own without a network is provided; its walls are probed at every start, and the table Starts says which held.',
      docs('architecture.md', 'Processes'),
    ),
  ],
  [
    text('Zweckbindung', 'Purpose limitation'),
    from(
      'Zweck, Rechtsgrundlage und Empfänger sind Teil der freigegebenen Frage und jeder Abbuchung.',
      'Purpose, legal basis and recipient are part of the approved question and of every charge.',
      docs('spec/query.md', '6 Approval'),
      docs('spec/query.md', '7 Run'),
    ),
  ],
  [
    text('Protokollierung', 'Logging'),
    from(
      'Alles Wesentliche ist ein Eintrag eines Protokolls, das nur wächst und das jeder nachrechnen kann.',
      'Everything essential is an entry of a log that only grows and that anybody can work out again.',
      docs('spec/log.md', '6 Entries'),
      docs('spec/log.md', '1 Tree'),
    ),
  ],
  [
    text('Belastbarkeit', 'Resilience'),
    from(
      'Bei einem Fehler der Platte steht der Raum still, statt weiterzumachen.',
      'At any error of the disk the room stands still instead of going on.',
      docs('spec/log.md', '5 Files and durability'),
    ),
  ],
  [
    text('Grenze', 'Limit'),
    from(
      'Auch mit der Zusicherung „software“ schützt der Raum nicht gegen den Betreiber der Maschine; bei „degraded“ fehlen dazu Schutzwände (Tabelle Starts).',
      'With the assurance “software”, too, the room does not protect against the operator of the machine; with “degraded” walls are missing as well (table Starts).',
      docs('threat-model.md', 'What is left'),
    ),
  ],
];
