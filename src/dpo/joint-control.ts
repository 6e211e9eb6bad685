/** Sheet for an arrangement of joint controllers (Art. 26 GDPR): who does what in the room, and what is left to agree on. */
import { type Row, text, toFillIn } from '../reports/document.ts';
import type { ReportBody } from '../reports/heading.ts';
import { basisName, partyName, unitName } from '../reports/names.ts';
import { charterField, docs, type FolderBasis, from, joined, policyField, sourced } from './folder-basis.ts';

/** The sheet. Whether the parties are joint controllers at all is a question of law, and a marked gap. */
export function jointControl(basis: FolderBasis): ReportBody {
  return {
    id: 'joint-control',
    title: text('Gemeinsame Verantwortung (Art. 26 DSGVO)', 'Joint controllership (Art. 26 GDPR)'),
    sections: [
      {
        title: text('Beteiligte', 'Parties'),
        sentences: [
          toFillIn(
            'ob und für welche Schritte die Beteiligten gemeinsam Verantwortliche sind',
            'whether, and for which steps, the parties are joint controllers',
          ),
        ],
        tables: [parties(basis), owners(basis)],
      },
      {
        title: text('Was die Charta und der Raum regeln', 'What charter and room settle'),
        sentences: [
          from(
            'Gegründet wird erst, wenn alle Dateneigner und alle Datenschutzbeauftragten dieselbe Charta unterschrieben haben.',
            'A room is founded only when all owners and all data protection officers have signed the same charter.',
            docs('spec/policy.md', '2 Charter'),
          ),
          from(
            'Eine Frage wird erst beantwortet, wenn jede Stelle, deren Daten sie liest, und der Datenschutz jeder Partei sie freigegeben haben; jeder von ihnen kann sie widerrufen.',
            'A question is answered only when every unit whose data it reads and every party’s data protection officer have approved it; each of them can revoke it.',
            docs('spec/query.md', '6 Approval'),
          ),
          from(
            'Empfänger von Antworten sind nur die Stellen, die Charta und Frage nennen.',
            'Recipients of answers are only the units charter and question name.',
            charterField('recipients'),
          ),
          from(
            `Neue Schlüssel für ein Mitglied brauchen ${basis.policies.template.recovery.approvals} Genehmigungen aus mindestens zwei Parteien.`,
            `New keys for a member need ${basis.policies.template.recovery.approvals} approvals of at least two parties.`,
            charterField('recovery.approvals'),
            docs('spec/policy.md', '5 Lost keys'),
          ),
        ],
        tables: [],
      },
      {
        title: text('Was zu vereinbaren bleibt', 'What is left to agree on'),
        sentences: [
          toFillIn(
            'wer Betroffene informiert (Art. 13, 14) und wer Anlaufstelle ist (Art. 26 Abs. 1)',
            'who informs data subjects (Art. 13, 14), and who is the contact point (Art. 26(1))',
          ),
          toFillIn(
            'wer Anträge Betroffener beantwortet und wie die anderen mitwirken (Art. 15 bis 21)',
            'who answers requests of data subjects, and how the others help (Art. 15 to 21)',
          ),
          toFillIn('wer eine Datenschutzverletzung meldet (Art. 33)', 'who notifies a breach (Art. 33)'),
          toFillIn(
            'wer die Maschine betreibt, und der Vertrag mit ihm (Art. 28)',
            'who runs the machine, and the contract with them (Art. 28)',
          ),
          toFillIn(
            'wie das Wesentliche den Betroffenen zur Verfügung steht (Art. 26 Abs. 2)',
            'how the essence is made available to data subjects (Art. 26(2))',
          ),
        ],
        tables: [],
      },
    ],
  };
}

function parties({ log, policies }: FolderBasis) {
  const rows = policies.template.parties.map(({ id, units }, at): Row => {
    const members = [...log.room.members.values()].filter(({ unit }) => unit.startsWith(`${id}/`));
    const officers = members.filter(({ roles }) => roles.includes('dpo')).map(({ ref }) => ref);
    return {
      entries: [0],
      cells: [
        sourced(partyName(log.room, id), charterField(`parties.${at}.title`)),
        sourced(joined(units.map((unit) => unit.title)), charterField(`parties.${at}.units`)),
        { ...sourced(officers.join(', ')), entries: [0] },
      ],
    };
  });
  return {
    caption: text('Parteien und Stellen', 'Parties and units'),
    head: [
      text('Partei', 'Party'),
      text('Stellen', 'Units'),
      text('Datenschutzbeauftragte (Verweis)', 'Data protection officers (reference)'),
    ],
    rows,
    empty: text('Keine.', 'None.'),
  };
}

/** Who brings which data; purpose and basis are what its steward signed with the last version. */
function owners({ log, policies }: FolderBasis) {
  const rows = policies.schemas.map((schema): Row => {
    const last = [...(log.room.datasets.get(schema.id)?.values() ?? [])].at(-1);
    const declared = log.entries.filter(
      ({ row }) => row.type === 'dataset.declared' && row.datasets[0] === `${schema.id}@${last?.version}`,
    );
    const entries = declared.map(({ row }) => row.index).slice(-1);
    const basis = last ? basisName(last.declared.legalBasis) : text('noch nicht angekündigt', 'not declared yet');
    return {
      entries,
      cells: [
        sourced(schema.title, policyField(policies, 'schema', schema.id, 'title')),
        sourced(unitName(log.room, schema.owner), policyField(policies, 'schema', schema.id, 'owner')),
        last ? { ...sourced(basis), entries } : sourced(basis, { file: 'log', place: 'dataset.declared' }),
      ],
    };
  });
  return {
    caption: text('Wer welche Daten einbringt', 'Who brings which data'),
    head: [
      text('Datensatz', 'Dataset'),
      text('Verantwortliche Stelle', 'Unit responsible'),
      text('Rechtsgrundlage der Abgabe', 'Legal basis of handing over'),
    ],
    rows,
    empty: text('Keine.', 'None.'),
  };
}
