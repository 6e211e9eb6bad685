/** A document in one language: what every renderer is given. */
import type { Bilingual } from '@reinraum/protocol';
import type { Cell, ReportDocument, Said, Source, Table } from './document.ts';

/** German first. */
export type Language = keyof Bilingual;

/** Something said in one language. */
export interface SpokenSaid {
  readonly text: string;
  readonly entries: readonly number[];
  readonly sources?: readonly Source[];
  readonly gap?: true;
  readonly value?: number | string;
}

/** A table in one language. */
export interface SpokenTable {
  readonly caption: string;
  readonly head: readonly string[];
  readonly rows: readonly { readonly entries: readonly number[]; readonly cells: readonly SpokenSaid[] }[];
  readonly empty: string;
}

/** A document in one language. */
export interface SpokenDocument {
  readonly id: string;
  readonly language: Language;
  readonly title: string;
  readonly facts: readonly { readonly name: string; readonly said: SpokenSaid }[];
  readonly sections: readonly {
    readonly title: string;
    readonly sentences: readonly SpokenSaid[];
    readonly tables: readonly SpokenTable[];
  }[];
}

/**
 * The document in a language. Characters that steer a reader or turn the direction of what follows – titles of the charter may
 * have them – become U+FFFD here, so that no renderer can forget it.
 */
export function spoken({ id, title, facts, sections }: ReportDocument, language: Language): SpokenDocument {
  const say = (said: Said | Cell): SpokenSaid => ({ ...said, text: visible(said.text[language]) });
  const word = (text: Bilingual) => visible(text[language]);
  const tabulate = ({ caption, head, rows, empty }: Table): SpokenTable => ({
    caption: word(caption),
    head: head.map(word),
    rows: rows.map(({ entries, cells }) => ({ entries, cells: cells.map(say) })),
    empty: word(empty),
  });
  return {
    id,
    language,
    title: word(title),
    facts: facts.map(({ name, said }) => ({ name: word(name), said: say(said) })),
    sections: sections.map((section) => ({
      title: word(section.title),
      sentences: section.sentences.map(say),
      tables: section.tables.map(tabulate),
    })),
  };
}

function visible(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\uFFFD');
}
