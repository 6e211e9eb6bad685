/** What the charter calls things, for readers: titles where it has one, and always the id that the log has. */
import type { Room } from '@reinraum/audit';
import { legalBasisTitle } from '@reinraum/client';
import { type Bilingual, partyOf } from '@reinraum/protocol';
import type { QuestionName } from '../index/fold.ts';
import { same, text } from './document.ts';

/** A party. */
export function partyName({ charter }: Room, id: string): Bilingual {
  const title = charter.parties.find((party) => party.id === id)?.title;
  return title ? withId(title, id) : same(id);
}

/** A unit of a party. */
export function unitName({ charter }: Room, path: string): Bilingual {
  const party = charter.parties.find(({ id }) => id === partyOf(path));
  const unit = party?.units.find(({ id }) => path === `${party.id}/${id}`);
  if (!party || !unit) return same(path);
  return withId(text(`${party.title.de}, ${unit.title.de}`, `${party.title.en}, ${unit.title.en}`), path);
}

/** A purpose. */
export function purposeName({ charter }: Room, id: string): Bilingual {
  const title = charter.purposes.find((purpose) => purpose.id === id)?.title;
  return title ? withId(title, id) : same(id);
}

/** A population. */
export function populationName({ charter }: Room, id: string): Bilingual {
  const title = charter.populations.find((population) => population.id === id)?.title;
  return title ? withId(title, id) : same(id);
}

/** A question or table; its digest tells two of the same id apart. */
export function questionName(question: QuestionName | null, digest: string | null): Bilingual {
  if (!question) return same(digest ?? '–');
  return withId(question.title, `${question.id}, ${question.digest.slice(0, 8)}`);
}

/** A legal basis. */
export function basisName(code: string): Bilingual {
  return text(legalBasisTitle(code, 'de'), legalBasisTitle(code, 'en'));
}

/** A moment of UTC. */
export function momentName(at: string): Bilingual {
  const [, year = '', month = '', day = '', time = ''] = /^(\d{4})-(\d\d)-(\d\d)T(\d\d:\d\d:\d\d)Z$/.exec(at) ?? [];
  return text(`${day}.${month}.${year}, ${time} UTC`, `${year}-${month}-${day}, ${time} UTC`);
}

function withId({ de, en }: Bilingual, id: string): Bilingual {
  return text(`${de} (${id})`, `${en} (${id})`);
}
