/** Template of a breach file: what to do first in this room, and what has to be told. */

import { breachGaps } from '../reports/breach.ts';
import { type Row, text } from '../reports/document.ts';
import type { ReportBody } from '../reports/heading.ts';
import { docs, from, particular, particulars } from './folder-basis.ts';

/** Empty on purpose; `audit report --report breach` fills in what the log knows of a period. */
export function breachTemplate(): ReportBody {
  return {
    id: 'breach-template',
    title: text('Vorlage: Akte zu einer Datenschutzverletzung', 'Template: breach file'),
    sections: [
      {
        title: text('Zuerst', 'First'),
        sentences: [],
        tables: [particulars(text('Was zu tun ist', 'What to do'), steps)],
      },
      {
        title: text('Angaben nach Art. 33 Abs. 3 DSGVO', 'Particulars under Art. 33(3) GDPR'),
        sentences: [
          from(
            'Binnen 72 Stunden nach Bekanntwerden ist die Verletzung zu melden, wenn sie voraussichtlich zu einem Risiko führt; jede ist zu dokumentieren.',
            'Within 72 hours of becoming aware a breach has to be notified unless it is unlikely to result in a risk; each has to be documented.',
            { file: 'DSGVO / GDPR', place: 'Art. 33(1), (5)' },
          ),
          ...breachGaps,
        ],
        tables: [],
      },
    ],
  };
}

const steps: readonly Row[] = [
  particular(
    text('Belege sichern', 'Secure the evidence'),
    from(
      'reinraum audit export <Protokoll> --bundle <Ordner>; Größe und Wurzel bei den anderen vergleichen.',
      'reinraum audit export <log> --bundle <directory>; compare size and root with the others.',
      docs('spec/audit-tools.md', '5 The evidence bundle'),
    ),
  ),
  particular(
    text('Bericht über den Zeitraum', 'Report on the period'),
    from(
      'reinraum audit report <Protokoll> --report breach --from … --to …',
      'reinraum audit report <log> --report breach --from … --to …',
      docs('spec/reports.md', '2 The twelve reports'),
    ),
  ),
  particular(
    text('Schlüssel verloren oder gestohlen', 'A key lost or stolen'),
    from(
      'Neue Schlüssel genehmigen; bis dahin widerrufen und zurückziehen; prüfen, was seitdem unter dem alten geschah.',
      'Approve new keys; revoke and withdraw until then; review what happened under the old one since.',
      docs('operations.md', 'When a member has lost a key'),
    ),
  ),
  particular(
    text('Falsche Antwort', 'A wrong answer'),
    from(
      'Antwort zurückziehen; Empfänger werden benachrichtigt, Kopien bleiben.',
      'Retract the answer; recipients are told, copies remain.',
      docs('operations.md', 'When an answer was wrong'),
    ),
  ),
  particular(
    text('Gescheiterte Antwort', 'A failed answer'),
    from(
      'Die Frage ruht. Erst nachsehen, dann freigeben.',
      'The question rests. Look first, then clear it.',
      docs('operations.md', 'When a question is suspended'),
    ),
  ),
  particular(
    text('Angehaltener Raum', 'A room that stopped'),
    from(
      'Es gab zwei Verläufe. Ordner aufbewahren, nicht fortsetzen.',
      'There were two histories. Keep the directory, do not go on.',
      docs('operations.md', 'When a room is stopped'),
    ),
  ),
];
