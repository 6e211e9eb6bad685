/**
 * What a report says, before it is a page: sentences and tables in both languages, each with the entries of the log it rests
 * on, or the place in charter, policies or documentation it was taken from (docs/spec/reports.md §1).
 */
import type { Bilingual } from '@reinraum/protocol';

/** A place outside the log: a file with a field of it, or a page of the documentation with its section. */
export interface Source {
  readonly file: string;
  readonly place: string;
}

/** Something said. `entries` are indices of the log, rising; `gap` marks what a person has to fill in. */
export interface Said {
  readonly text: Bilingual;
  readonly entries: readonly number[];
  readonly sources?: readonly Source[];
  readonly gap?: true;
}

/** What stands in a table; of a number also the number: a count, or an exact fraction in lowest terms. */
export interface Cell extends Said {
  readonly value?: number | string;
}

/** A row. Whatever names no entries itself rests on those of its row. */
export interface Row {
  readonly entries: readonly number[];
  readonly cells: readonly Cell[];
}

/** A table; `empty` is said in its place where it has no rows. */
export interface Table {
  readonly caption: Bilingual;
  readonly head: readonly Bilingual[];
  readonly rows: readonly Row[];
  readonly empty: Bilingual;
}

/** A part of a document under a heading. */
export interface Section {
  readonly title: Bilingual;
  readonly sentences: readonly Said[];
  readonly tables: readonly Table[];
}

/** A fact at the top: its name and what it is. */
export interface Fact {
  readonly name: Bilingual;
  readonly said: Said;
}

/** A whole document. `id` is part of its file's name. */
export interface ReportDocument {
  readonly id: string;
  readonly title: Bilingual;
  readonly facts: readonly Fact[];
  readonly sections: readonly Section[];
}

/** A text in both languages. */
export const text = (de: string, en: string): Bilingual => ({ de, en });

/** The same characters in both languages: a digest, a reference, a moment. */
export const same = (word: string): Bilingual => ({ de: word, en: word });

/** A sentence with the entries it rests on. */
export const said = (de: string, en: string, entries: readonly number[] = []): Said => ({ text: { de, en }, entries });

/** What only a person knows: a marked place to fill in, with what it needs. */
export const toFillIn = (de: string, en: string, sources: readonly Source[] = []): Said => ({
  text: { de: `auszufüllen: ${de}`, en: `to be filled in: ${en}` },
  entries: [],
  sources,
  gap: true,
});

/** A cell of words. */
export const cell = (words: Bilingual | string, entries: readonly number[] = []): Cell => ({
  text: typeof words === 'string' ? same(words) : words,
  entries,
});

/** A count, and the entries that were counted: the number is how many there are, so it cannot be another one. */
export const counted = (entries: readonly number[]): Cell => ({
  value: entries.length,
  text: whole(entries.length),
  entries,
});

/** A number that is not one of entries, such as signatures under one, with the entries that have it. */
export const amount = (value: number, entries: readonly number[]): Cell => ({ value, text: whole(value), entries });

/** An exact fraction, written as such, with the entries it was added up from. */
export const exact = (fraction: string, entries: readonly number[]): Cell => ({
  value: fraction,
  text: same(fraction),
  entries,
});

/** A whole number as each language writes it. */
export const whole = (value: number): Bilingual => ({
  de: value.toLocaleString('de-DE'),
  en: value.toLocaleString('en-GB'),
});

/** A row about one entry: its number, then the rest. */
export const entryRow = (index: number, cells: readonly Cell[]): Row => ({
  entries: [index],
  cells: [{ value: index, text: same(String(index)), entries: [] }, ...cells],
});
