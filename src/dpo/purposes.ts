/** Register of purposes: what was agreed on for each, and how often it was used. */
import { counted, type Row, text } from '../reports/document.ts';
import type { ReportBody } from '../reports/heading.ts';
import { basisName, purposeName, unitName } from '../reports/names.ts';
import { indicesOf, inPeriod, ofType, type ReportWish } from '../reports/subject.ts';
import { charterField, docs, type FolderBasis, from, joined, policyField, sourced } from './folder-basis.ts';
import { standCell } from './processing.ts';

/** One part for each purpose of the charter, also for those nothing asks for. */
export function purposes(basis: FolderBasis, wish: ReportWish): ReportBody {
  const { log, policies } = basis;
  return {
    id: 'purposes',
    title: text('Zweckregister', 'Register of purposes'),
    sections: policies.template.purposes.map(({ id }, at) => {
      const name = purposeName(log.room, id);
      const own = inPeriod(log, wish).filter(({ row }) => row.purpose === id);
      return {
        title: name,
        sentences: [
          {
            ...from(
              `Zweck der Charta: ${name.de}.`,
              `Purpose of the charter: ${name.en}.`,
              charterField(`purposes.${at}`),
            ),
            entries: [0],
          },
          from(
            'Eine Frage mit einem anderen Zweck als dem freigegebenen wird abgelehnt.',
            'A question for another purpose than the approved one is refused.',
            docs('spec/query.md', '7 Run'),
          ),
        ],
        tables: [questions(basis, id), use(own)],
      };
    }),
  };
}

function questions(basis: FolderBasis, purpose: string) {
  const { log, policies } = basis;
  const all = [
    ...policies.queries.map((one) => ({ one, kind: 'query' as const })),
    ...policies.tables.map((one) => ({ one, kind: 'table' as const })),
  ];
  const rows = all
    .filter(({ one }) => one.purpose === purpose)
    .map(({ one, kind }): Row => {
      const field = (place: string) => policyField(policies, kind, one.id, place);
      return {
        entries: [],
        cells: [
          sourced(one.title, field('title')),
          sourced(basisName(one.legalBasis), field('legalBasis')),
          sourced(joined(one.recipients.map((unit) => unitName(log.room, unit))), field('recipients')),
          sourced(one.expires, field('expires')),
          standCell(basis, one),
        ],
      };
    });
  return {
    caption: text('Fragen und Tabellen zu diesem Zweck', 'Questions and tables for this purpose'),
    head: [
      text('Frage', 'Question'),
      text('Rechtsgrundlage', 'Legal basis'),
      text('Empfänger', 'Recipients'),
      text('Gültig bis', 'Valid until'),
      text('Stand im Protokoll', 'State in the log'),
    ],
    rows,
    empty: text('Keine.', 'None.'),
  };
}

function use(own: ReturnType<typeof inPeriod>) {
  const kinds = [
    ['query.charged', text('abgebucht', 'charged')],
    ['query.released', text('erteilt', 'released')],
    ['query.repeated', text('wiederholt', 'repeated')],
  ] as const;
  return {
    caption: text('Gebrauch', 'Use'),
    head: [text('Vorgang', 'Event'), text('Anzahl', 'Number')],
    rows: kinds.map(([type, words]): Row => {
      const entries = indicesOf(ofType(own, type));
      return { entries, cells: [sourced(words), counted(entries)] };
    }),
    empty: text('Keiner.', 'None.'),
  };
}
