/** What members do when something went wrong: clear a suspension, take a release back, see what was taken back. */
import type { Accepted, Bilingual, Catalogue, RetractionReason } from '@reinraum/protocol';
import type { RoomClient } from './room-client.ts';

/** A release that was taken back. */
export type Retracted = Catalogue['retractions'][number];

const reasons: Readonly<Record<RetractionReason, Bilingual>> = {
  'wrong-data': { de: 'falsche Daten', en: 'wrong data' },
  'wrong-method': { de: 'falsches Verfahren', en: 'wrong method' },
  legal: { de: 'rechtlicher Grund', en: 'legal reason' },
  other: { de: 'anderer Grund', en: 'another reason' },
};

/**
 * Clears a suspended query as a data protection officer; signs for the latest failure the room shows. Throws
 * `RoomProblem` `query-not-suspended` where there is none, or where another failure came in between.
 */
export async function clearQuery(client: RoomClient, query: string): Promise<Accepted> {
  const known = (await client.catalogue()).queries.find(({ digest }) => digest === query);
  // A query the room does not know or that is not suspended: the room says so in its own words.
  const { accepted } = await client.act('query.clear', { query, failed: known?.suspended ?? 0 });
  return accepted;
}

/** Takes back what was released for a charge, as an owner of a dataset it used or as any dpo. Throws `RoomProblem`. */
export async function retractRelease(client: RoomClient, charge: number, reason: RetractionReason): Promise<Accepted> {
  return (await client.act('release.retract', { charge, reason })).accepted;
}

/** Retractions of what a unit received. */
export function retractionsFor({ retractions }: Pick<Catalogue, 'retractions'>, unit: string): readonly Retracted[] {
  return retractions.filter(({ recipient }) => recipient === unit);
}

/** What a reader is told of a retraction. */
export function retractionNotice({ charge, query, reason, at }: Retracted): Bilingual {
  const short = query.slice(0, 16);
  const because = reasons[reason];
  return {
    de: `Zurückgezogen am ${at}: die Antwort zu Abbuchung ${charge} (Frage ${short}…), ${because.de}. Nicht mehr verwenden.`,
    en: `Retracted at ${at}: the answer of charge ${charge} (query ${short}…), ${because.en}. Use it no longer.`,
  };
}
