/** Draft of a data protection impact assessment (Art. 35(7) GDPR), by the protection goals of the SDM. */
import { type Row, type Section, text, toFillIn } from '../reports/document.ts';
import type { ReportBody } from '../reports/heading.ts';
import { partyName, populationName, purposeName } from '../reports/names.ts';
import { charterField, docs, type FolderBasis, from, joined, sourced } from './folder-basis.ts';
import { goals } from './goals.ts';

/** The draft. Weighing is left to people, in marked gaps. */
export function impact(basis: FolderBasis): ReportBody {
  return {
    id: 'impact',
    title: text(
      'Datenschutz-Folgenabschätzung (Entwurf, Art. 35 DSGVO)',
      'Data protection impact assessment (draft, Art. 35 GDPR)',
    ),
    sections: [description(basis), necessity(basis), attackers(), risks(), decision()],
  };
}

function description({ log, policies }: FolderBasis): Section {
  const { template, queries, tables, schemas } = policies;
  const parties = joined(template.parties.map(({ id }) => partyName(log.room, id)));
  const purposes = joined(template.purposes.map(({ id }) => purposeName(log.room, id)));
  const datasets = joined(schemas.map(({ title }) => title));
  return {
    title: text('Beschreibung der Verarbeitung', 'Description of the processing'),
    sentences: [
      from(`Beteiligt sind: ${parties.de}.`, `The parties are: ${parties.en}.`, charterField('parties')),
      from(`Zwecke: ${purposes.de}.`, `Purposes: ${purposes.en}.`, charterField('purposes')),
      from(`Datensätze: ${datasets.de}.`, `Datasets: ${datasets.en}.`, charterField('datasets')),
      from(
        `Dazu gibt es ${queries.length} Fragen und ${tables.length} daraus errechnete Tabellen, jede mit Zweck, Rechtsgrundlage und Empfänger; siehe das Verzeichnis von Verarbeitungstätigkeiten.`,
        `There are ${queries.length} questions and ${tables.length} tables worked out from them, each with purpose, legal basis and recipients; see the record of processing activities.`,
        { file: 'queries/', place: '*.yaml' },
        { file: 'derived/', place: '*.yaml' },
      ),
      from(
        'Jede Stelle versiegelt ihre Datei; der Raum öffnet sie in einer abgeschotteten Umgebung, beantwortet freigegebene Fragen und gibt nur geschützte Tabellen heraus.',
        'Every unit seals its file; the room opens it in a walled environment, answers approved questions and hands out protected tables only.',
        docs('architecture.md', 'The way of the data'),
      ),
      toFillIn(
        'Anlass, Umfang, Dauer und Umstände der Verarbeitung in der Organisation',
        'occasion, extent, duration and circumstances of the processing in the organisation',
      ),
    ],
    tables: [],
  };
}

function necessity({ log, policies }: FolderBasis): Section {
  const rows = policies.template.populations.map(({ id, linkage, kFloor, budget }, at): Row => {
    const cap = 'rho' in budget ? `ρ ${budget.rho}` : `ε ${budget.epsilon}`;
    const field = (name: string) => charterField(`populations.${at}.${name}`);
    return {
      entries: [0],
      cells: [
        sourced(populationName(log.room, id), field('title')),
        sourced(
          linkage === 'linked'
            ? text('verknüpft', 'linked')
            : text('nur Gebietstabellen, nie Zeilen', 'tables of areas only, never rows'),
          field('linkage'),
        ),
        { ...sourced(String(kFloor), field('kFloor')), value: kFloor },
        sourced(`${cap}, δ ${budget.delta}`, field('budget')),
      ],
    };
  });
  return {
    title: text('Notwendigkeit und Verhältnismäßigkeit', 'Necessity and proportionality'),
    sentences: [
      from(
        'Für jede Bevölkerungsgruppe gilt eine Obergrenze für alles, was je über einen Menschen verraten werden darf, und eine Mindestzahl je gezeigter Zelle.',
        'For every population there is a cap on everything that may ever be given away about one person, and a minimum count for each shown cell.',
        charterField('populations'),
        docs('threat-model.md', 'What an answer gives away'),
      ),
      toFillIn(
        'Begründung, weshalb der Zweck nicht mit weniger Daten oder ohne Daten der anderen Partei zu erreichen ist',
        'why the purpose cannot be reached with fewer data, or without those of the other party',
      ),
      toFillIn(
        'Standpunkt der Betroffenen oder ihrer Vertreter (Art. 35 Abs. 9)',
        'views of the data subjects or their representatives (Art. 35(9))',
      ),
    ],
    tables: [
      {
        caption: text('Grenzen der Charta', 'Limits of the charter'),
        head: [
          text('Bevölkerungsgruppe', 'Population'),
          text('Verknüpfung', 'Linkage'),
          text('Mindestzahl k', 'Minimum count k'),
          text('Obergrenze', 'Cap'),
        ],
        rows,
        empty: text('Keine.', 'None.'),
      },
    ],
  };
}

function attackers(): Section {
  return {
    title: text('Gegen wen', 'Against whom'),
    sentences: [
      from(
        'Betrachtet werden: Dateneigner, Fragende, die andere Partei, mehrere Fragende gemeinsam, Leser des Protokolls, Zwischenstelle im Netz, ehrlicher und unehrlicher Betreiber, Diebe der Platte, Außenstehende.',
        'Considered are: owners, those who ask, the other party, several of those who ask together, readers of the log, the gateway in the network, an honest and a dishonest operator, thieves of the disk, outsiders.',
        docs('threat-model.md', 'Who can do what'),
      ),
      from(
        'Der unehrliche Betreiber kann mit Zusicherung „software“ alles entschlüsseln. Das ist das größte verbleibende Risiko.',
        'With assurance “software” a dishonest operator can decrypt everything. That is the largest risk left.',
        docs('threat-model.md', 'Who can do what'),
      ),
    ],
    tables: [],
  };
}

function risks(): Section {
  return {
    title: text(
      'Risiken und Maßnahmen nach Gewährleistungszielen (SDM)',
      'Risks and measures by protection goal (SDM)',
    ),
    sentences: [],
    tables: goals.map(({ name, risk, measure, left }) => ({
      caption: name,
      head: [text('Teil', 'Part'), text('Inhalt', 'Content')],
      rows: [
        { entries: [], cells: [sourced(text('Risiko', 'Risk')), risk] },
        { entries: [], cells: [sourced(text('Maßnahme im Raum', 'Measure in the room')), measure] },
        { entries: [], cells: [sourced(text('Was bleibt', 'What is left')), left] },
        {
          entries: [],
          cells: [
            sourced(text('Bewertung', 'Assessment')),
            toFillIn(
              'Eintrittswahrscheinlichkeit, Schwere, weitere Maßnahmen der Organisation',
              'likelihood, severity, further measures of the organisation',
            ),
          ],
        },
      ],
      empty: text('Keine.', 'None.'),
    })),
  };
}

function decision(): Section {
  return {
    title: text('Ergebnis', 'Result'),
    sentences: [
      toFillIn(
        'Rat der Datenschutzbeauftragten (Art. 35 Abs. 2)',
        'advice of the data protection officers (Art. 35(2))',
      ),
      toFillIn(
        'ob ein hohes Risiko bleibt und die Aufsichtsbehörde zu konsultieren ist (Art. 36)',
        'whether a high risk remains and the supervisory authority has to be consulted (Art. 36)',
      ),
      toFillIn(
        'Entscheidung, Datum, Unterschriften, Termin der Überprüfung (Art. 35 Abs. 11)',
        'decision, date, signatures, date of the review (Art. 35(11))',
      ),
    ],
    tables: [],
  };
}
