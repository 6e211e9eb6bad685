/** Information for data subjects (Art. 13 and 14 GDPR), in plain words. */
import { type Row, text, toFillIn } from '../reports/document.ts';
import type { ReportBody } from '../reports/heading.ts';
import { basisName, partyName, purposeName, unitName } from '../reports/names.ts';
import { charterField, docs, type FolderBasis, from, joined, policyField, sourced } from './folder-basis.ts';

/** The text. Who it is for reads it; so it speaks to them. */
export function information(basis: FolderBasis): ReportBody {
  const { log, policies } = basis;
  const { template, queries, tables } = policies;
  const parties = joined(template.parties.map(({ id }) => partyName(log.room, id)));
  const purposes = joined(template.purposes.map(({ id }) => purposeName(log.room, id)));
  const recipients = joined(template.recipients.map((unit) => unitName(log.room, unit)));
  const questions = [
    ...queries.map((one) => ({ one, kind: 'query' as const })),
    ...tables.map((one) => ({ one, kind: 'table' as const })),
  ];
  const bases = [...new Map(questions.map(({ one, kind }) => [one.legalBasis, { one, kind }])).values()];
  const basisSources = bases.map(({ one, kind }) => policyField(policies, kind, one.id, 'legalBasis'));
  const basisNames = joined(bases.map(({ one }) => basisName(one.legalBasis)));
  return {
    id: 'information',
    title: text(
      'Information für Betroffene (Art. 13 und 14 DSGVO)',
      'Information for data subjects (Art. 13 and 14 GDPR)',
    ),
    sections: [
      {
        title: text('Wer verantwortlich ist', 'Who is responsible'),
        sentences: [
          from(`Gemeinsam werten aus: ${parties.de}.`, `Evaluating together: ${parties.en}.`, charterField('parties')),
          toFillIn(
            'Anschriften der Verantwortlichen und Kontakt der Datenschutzbeauftragten',
            'addresses of the controllers, and contact of the data protection officers',
          ),
        ],
        tables: [],
      },
      {
        title: text('Wozu und auf welcher Grundlage', 'What for, and on which basis'),
        sentences: [
          from(`Zwecke sind: ${purposes.de}.`, `Purposes are: ${purposes.en}.`, charterField('purposes')),
          from(
            `Rechtsgrundlagen der Fragen sind: ${basisNames.de}.`,
            `Legal bases of the questions are: ${basisNames.en}.`,
            ...basisSources,
          ),
          toFillIn(
            'berechtigte Interessen, wo sich die Verarbeitung auf Art. 6 Abs. 1 Buchst. f stützt',
            'legitimate interests, where processing rests on Art. 6(1)(f)',
          ),
        ],
        tables: [],
      },
      {
        title: text('Welche Daten, und woher', 'Which data, and where from'),
        sentences: [
          from(
            'Ihr Name und Ihre Anschrift werden nicht abgegeben: Vor der Abgabe ersetzt die Stelle Ihre Kennung durch ein Pseudonym. Spalten für Freitext gibt es nicht.',
            'Your name and address are not handed over: before handing over, the unit replaces your identifier by a pseudonym. There are no columns of free text.',
            docs('spec/policy.md', '4.2 Pseudonyms'),
            docs('spec/policy.md', '3 Schemas'),
          ),
        ],
        tables: [origin(basis)],
      },
      {
        title: text('Wer Ergebnisse erhält', 'Who receives results'),
        sentences: [
          from(
            `Empfänger von Ergebnissen sind: ${recipients.de}. Niemand erhält Angaben über Sie persönlich: Heraus kommen nur Tabellen mit Rauschen, in denen keine gezeigte Zahl auf weniger als der Mindestzahl beruht.`,
            `Recipients of results are: ${recipients.en}. Nobody receives particulars about you personally: only tables with noise come out, in which no shown number rests on fewer than the minimum count.`,
            charterField('recipients'),
            docs('spec/release.md', '3 The hard minimum k'),
          ),
          from(
            'Völlig ausgeschlossen ist ein Rückschluss nie; die Charta begrenzt, wie viel alle Ergebnisse zusammen über einen Menschen verraten können.',
            'A conclusion is never fully impossible; the charter limits how much all results together can give away about one person.',
            charterField('populations'),
            docs('threat-model.md', 'What an answer gives away'),
          ),
          from(
            'Wer die Maschine betreibt, könnte sie technisch auslesen.',
            'Whoever runs the machine could technically read it out.',
            docs('threat-model.md', 'What is left'),
          ),
          toFillIn('ob Daten in ein Drittland übermittelt werden', 'whether data are transferred to a third country'),
        ],
        tables: [],
      },
      {
        title: text('Wie lange', 'How long'),
        sentences: [
          from(
            `Ergebnisse werden bis ${template.retention.releasesUntil} aufbewahrt, das Protokoll ${template.retention.logYears} Jahre.`,
            `Results are kept until ${template.retention.releasesUntil}, the log for ${template.retention.logYears} years.`,
            charterField('retention'),
          ),
        ],
        tables: [],
      },
      {
        title: text('Ihre Rechte', 'Your rights'),
        sentences: [
          from(
            'Sie können Auskunft, Berichtigung, Löschung und Einschränkung verlangen und widersprechen (Art. 15 bis 18 und 21 DSGVO) und sich bei einer Aufsichtsbehörde beschweren (Art. 77 DSGVO).',
            'You can demand access, rectification, erasure and restriction, and object (Art. 15 to 18 and 21 GDPR), and complain to a supervisory authority (Art. 77 GDPR).',
            { file: 'DSGVO / GDPR', place: 'Art. 13(2), 14(2)' },
          ),
          from(
            'Der Raum selbst kann Sie nicht finden: Er kennt nur Pseudonyme. Wenden Sie sich an die Stelle, die Ihre Daten führt.',
            'The room itself cannot find you: it knows pseudonyms only. Turn to the unit that keeps your data.',
            docs('spec/policy.md', '4.2 Pseudonyms'),
          ),
          toFillIn('zuständige Aufsichtsbehörde', 'competent supervisory authority'),
          toFillIn(
            'ob es eine automatisierte Entscheidung einschließlich Profiling gibt (Art. 22); der Raum trifft keine',
            'whether there is automated decision-making including profiling (Art. 22); the room makes none',
          ),
        ],
        tables: [],
      },
    ],
  };
}

function origin({ log, policies }: FolderBasis) {
  const rows = policies.schemas.map(
    (schema): Row => ({
      entries: [],
      cells: [
        sourced(schema.title, policyField(policies, 'schema', schema.id, 'title')),
        sourced(unitName(log.room, schema.owner), policyField(policies, 'schema', schema.id, 'owner')),
        sourced(
          joined(schema.columns.map(({ title }) => title)),
          policyField(policies, 'schema', schema.id, 'columns'),
        ),
      ],
    }),
  );
  return {
    caption: text('Daten und ihre Herkunft', 'Data and their origin'),
    head: [text('Datensatz', 'Dataset'), text('Herkunft', 'Origin'), text('Angaben', 'Particulars')],
    rows,
    empty: text('Keine.', 'None.'),
  };
}
