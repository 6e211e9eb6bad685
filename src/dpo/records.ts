/** Record of processing activities (Art. 30(1) GDPR), one activity for each template. */
import type { AggregateQuery, DerivedTable } from '@reinraum/protocol';
import { type Row, type Section, text, toFillIn } from '../reports/document.ts';
import { type ReportBody } from '../reports/heading.ts';
import { basisName, populationName, purposeName, unitName } from '../reports/names.ts';
import {
  charterField,
  docs,
  type FolderBasis,
  from,
  joined,
  particular,
  particulars,
  policyField,
  sourced,
} from './folder-basis.ts';
import { columnsCell, inputsOf, ownersCell, standCell } from './processing.ts';

/** The record, queries first, then the tables made from them. */
export function records(basis: FolderBasis): ReportBody {
  const { queries, tables } = basis.policies;
  return {
    id: 'records',
    title: text(
      'Verzeichnis von Verarbeitungstätigkeiten (Art. 30 DSGVO)',
      'Record of processing activities (Art. 30 GDPR)',
    ),
    sections: [
      common(),
      ...queries.map((query) => ofQuery(basis, query)),
      ...tables.map((table) => ofTable(basis, table)),
    ],
  };
}

function common(): Section {
  return {
    title: text('Gemeinsame Angaben', 'Common particulars'),
    sentences: [
      from(
        'Jede Vorlage des Raums ist eine Verarbeitungstätigkeit. Was hier steht, folgt aus Charta, Vorlagen und Protokoll; es ist ein Entwurf, den die Verantwortlichen prüfen und ergänzen.',
        'Every template of the room is a processing activity. What stands here follows from charter, templates and log; it is a draft the controllers check and complete.',
        docs('spec/reports.md', '4 The folder'),
      ),
      toFillIn(
        'Name und Kontaktdaten jedes Verantwortlichen und seines Vertreters (Art. 30 Abs. 1 Buchst. a)',
        'name and contact details of each controller and its representative (Art. 30(1)(a))',
      ),
      toFillIn(
        'Name und Kontaktdaten der Datenschutzbeauftragten; der Raum kennt nur zufällige Verweise',
        'name and contact details of the data protection officers; the room knows random references only',
      ),
      toFillIn(
        'Auftragsverarbeiter: wer die Maschine des Raums betreibt (Art. 28)',
        'processor: who runs the room’s machine (Art. 28)',
      ),
      toFillIn(
        'Übermittlung in Drittländer: keine ist vorgesehen, wenn Maschine und Empfänger in der EU sind – bestätigen',
        'transfers to third countries: none is intended if machine and recipients are in the EU – confirm',
      ),
    ],
    tables: [],
  };
}

function ofQuery(basis: FolderBasis, query: AggregateQuery): Section {
  const { log, policies } = basis;
  const field = (place: string) => policyField(policies, 'query', query.id, place);
  const population = sourced(
    populationName(log.room, query.population),
    field('population'),
    charterField('populations'),
  );
  const rows: Row[] = [
    particular(text('Frage', 'Question'), sourced(query.sentence, field('sentence'))),
    ...head(basis, query, field),
    particular(
      text('Verantwortliche Stellen (Dateneigner)', 'Units responsible (owners of the data)'),
      ownersCell(basis, query),
    ),
    particular(text('Kategorien betroffener Personen', 'Categories of data subjects'), population),
    particular(
      text('Kategorien von Daten, die die Frage liest', 'Categories of data the question reads'),
      columnsCell(basis, query),
    ),
    particular(
      text('Besondere Kategorien', 'Special categories'),
      toFillIn(
        'ob besondere Kategorien darunter sind (Art. 9) und worauf ihre Verarbeitung beruht',
        'whether special categories are among them (Art. 9), and what their processing rests on',
      ),
    ),
    particular(text('Schutz im Ergebnis', 'Protection of the result'), sourced(protection(query), field('privacy'))),
    particular(
      text('Maßnahmen (Art. 32)', 'Measures (Art. 32)'),
      sourced(text('siehe TOM-Liste', 'see the list of measures'), docs('threat-model.md', 'What each wall does')),
    ),
    particular(text('Stand im Protokoll', 'State in the log'), standCell(basis, query)),
  ];
  return { title: query.title, sentences: [], tables: [particulars(query.title, rows)] };
}

/** What queries and tables both have: purpose, basis, recipients, terms. */
function head(
  { log, policies }: FolderBasis,
  question: AggregateQuery | DerivedTable,
  field: (place: string) => ReturnType<typeof charterField>,
): Row[] {
  const { releasesUntil } = policies.template.retention;
  return [
    particular(
      text('Zweck', 'Purpose'),
      sourced(purposeName(log.room, question.purpose), field('purpose'), charterField('purposes')),
    ),
    particular(text('Rechtsgrundlage', 'Legal basis'), sourced(basisName(question.legalBasis), field('legalBasis'))),
    particular(
      text('Empfänger', 'Recipients'),
      sourced(joined(question.recipients.map((unit) => unitName(log.room, unit))), field('recipients')),
    ),
    particular(text('Antworten bis', 'Answers until'), sourced(question.expires, field('expires'))),
    particular(
      text('Aufbewahrung der Antworten', 'Retention of answers'),
      sourced(
        text(
          `vereinbart bis ${releasesUntil}; diese Fassung löscht nicht nach Datum`,
          `agreed until ${releasesUntil}; this version deletes nothing by date`,
        ),
        charterField('retention.releasesUntil'),
        docs('spec/policy.md', '2 Charter'),
      ),
    ),
  ];
}

function protection({ privacy }: AggregateQuery) {
  const loss = 'rho' in privacy ? `ρ ${privacy.rho}` : `ε ${privacy.epsilon}`;
  return text(
    `Rauschen (${loss} je Antwort); gezeigt wird nur, was auf mindestens ${privacy.k} Einheiten beruht`,
    `noise (${loss} an answer); shown is only what rests on at least ${privacy.k} units`,
  );
}

function ofTable(basis: FolderBasis, table: DerivedTable): Section {
  const field = (place: string) => policyField(basis.policies, 'table', table.id, place);
  const inputs = inputsOf(basis, table).map(({ title }) => title);
  const rows: Row[] = [
    particular(text('Frage', 'Question'), sourced(table.sentence, field('sentence'))),
    ...head(basis, table, field),
    particular(text('Grundlage', 'Made from'), sourced(joined(inputs), field('inputs'))),
    particular(
      text('Neue Preisgabe', 'Anything new given away'),
      sourced(
        text(
          'keine: gerechnet wird beim Empfänger aus erteilten Antworten',
          'none: it is worked out at the recipient’s from released answers',
        ),
        docs('spec/derived.md', '2 Approval and use'),
      ),
    ),
    particular(text('Stand im Protokoll', 'State in the log'), standCell(basis, table)),
  ];
  return { title: table.title, sentences: [], tables: [particulars(table.title, rows)] };
}
