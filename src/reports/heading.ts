/** What stands at the top of every report, and how a reader checks it. */
import { type Fact, type ReportDocument, type Said, said, same, text, whole } from './document.ts';
import { momentName } from './names.ts';
import { indicesOf, inPeriod, type ReportWish, type VerifiedLog } from './subject.ts';

/** A report is this, and the facts of its heading. */
export type ReportBody = Omit<ReportDocument, 'facts'>;

/** Adds the heading. */
export function withHeading(body: ReportBody, log: VerifiedLog, wish: ReportWish): ReportDocument {
  return { ...body, facts: headingOf(log, wish) };
}

/** Room, notice, period, log, witnesses, when it was made, how to check. */
export function headingOf(log: VerifiedLog, wish: ReportWish): readonly Fact[] {
  const { room, root } = log;
  const { charter } = room;
  const title = said(`${charter.title.de} (${charter.id})`, `${charter.title.en} (${charter.id})`, [0]);
  return [
    { name: text('Raum', 'Room'), said: title },
    { name: text('Kennung des Raums', 'Identity of the room'), said: { text: same(room.id), entries: [0] } },
    { name: text('Hinweis der Charta', 'Notice of the charter'), said: { text: charter.notice, entries: [0] } },
    { name: text('Zeitraum', 'Period'), said: periodSaid(log, wish) },
    { name: text('Protokoll', 'Log'), said: sizeSaid(log.size, root) },
    ...(log.from === 0 ? [] : [{ name: text('Gelöschte Einträge', 'Pruned entries'), said: prunedSaid(log) }]),
    { name: text('Zeugen', 'Witnesses'), said: witnessesSaid(log) },
    { name: text('Erstellt', 'Made'), said: { text: momentName(wish.madeAt), entries: [] } },
    {
      name: text('So prüfen Sie das', 'How to check this'),
      said: said(
        `Mit dem Protokoll in der Hand: reinraum audit verify <Protokoll> --room ${room.id}. Der Befehl rechnet alles nach und muss dieselbe Anzahl Einträge nennen. Die Zahlen in eckigen Klammern sind die Nummern der Einträge, auf denen eine Angabe beruht; reinraum audit receipt <Protokoll> <Nummer> belegt jeden einzeln.`,
        `With the log in hand: reinraum audit verify <log> --room ${room.id}. The command works everything out again and must name the same number of entries. Numbers in square brackets are those of the entries a statement rests on; reinraum audit receipt <log> <number> proves each.`,
      ),
    },
  ];
}

function sizeSaid(size: number, root: string): Said {
  const { de, en } = whole(size);
  return said(`${de} Einträge, Wurzel ${root} (RFC 6962, SHA-256)`, `${en} entries, root ${root} (RFC 6962, SHA-256)`);
}

/** What was pruned, and what of it is known still. */
function prunedSaid({ room, from }: VerifiedLog): Said {
  const by = room.retention.pruned?.by ?? from;
  return said(
    `Die Einträge vor Nummer ${from} wurden nach Ablauf der Aufbewahrungsfrist gelöscht (Eintrag ${by}). Ihre Prüfsummen stehen im Protokoll; Abbuchungen, Kontostände und alles, was noch gilt, hält der Schnappschuss fest. Andere Vorgänge von damals nennt dieser Bericht nicht mehr.`,
    `The entries before number ${from} were pruned when the retention period was over (entry ${by}). Their hashes stand in the log; charges, balances and whatever is still in force are in the snapshot. This report names no other events of that time.`,
    [from, by],
  );
}

function periodSaid(log: VerifiedLog, wish: ReportWish): Said {
  const { entries } = log;
  const from = momentName(wish.from ?? entries[0]?.row.at ?? '');
  const to = momentName(wish.to ?? entries.at(-1)?.row.at ?? '');
  const within = indicesOf(inPeriod(log, wish));
  const [de, en] = [whole(within.length).de, whole(within.length).en];
  return said(`${from.de} bis ${to.de}: ${de} Einträge`, `${from.en} to ${to.en}: ${en} entries`, within);
}

/** How many of the charter's witnesses have cosigned the head of the log, or that there are none. */
export function witnessesSaid({ room: { charter }, cosigned }: VerifiedLog): Said {
  const named = charter.witnesses.length;
  if (named === 0) {
    return said(
      'Keine. Niemand außer dem Raum selbst hat diesen Stand bestätigt; ein zurückgesetztes Protokoll fiele nicht von selbst auf.',
      'None. Nobody but the room itself has confirmed this state; a log that was set back would not show by itself.',
      [0],
    );
  }
  return said(
    `${cosigned} von ${named} Zeugen der Charta haben diesen Stand mitgezeichnet; verlangt sind ${charter.quorum}.`,
    `${cosigned} of the charter’s ${named} witnesses have cosigned this state; ${charter.quorum} are demanded.`,
    [0],
  );
}
