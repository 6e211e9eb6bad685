/** Texts of the API's description: one string for tools that know one language, two texts again for people. */
import type { Bilingual } from '@reinraum/protocol';

const between = ' / ';

/** German and English as one text. Throws `TypeError` on a text that could not be told apart again. */
export function inBoth(de: string, en: string): string {
  if (de.includes(between) || en.includes(between)) throw new TypeError('a text holds the separator of languages');
  return `${de}${between}${en}`;
}

/** The two texts of {@link inBoth}; a text in one language stands for both. */
export function apart(text: string): Bilingual {
  const [de = '', en = de] = text.split(between);
  return { de, en };
}
