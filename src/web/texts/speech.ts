/** What speaking takes, apart from the components that do: usable where there is no document. */
import type { de } from './de.ts';

/** A language of the screens. */
export type Language = 'de' | 'en';
type Stem<Key extends string> = Key extends `${infer Base}_one` | `${infer Base}_other` ? Base : Key;
/** All texts, by name. */
export type Texts = Readonly<Record<keyof typeof de, string>>;
/** The name of a text; plural forms share one. */
export type TextName = Stem<keyof typeof de>;

/** What a component needs to speak. */
export interface Speech {
  readonly language: Language;
  readonly t: (name: TextName, values?: Readonly<Record<string, string | number>>) => string;
  /** A whole number or one with `decimals` digits, with the language's separators. */
  readonly number: (value: number, decimals?: number) => string;
  readonly percent: (share: number) => string;
  /** A moment of the log in the reader's time zone. */
  readonly moment: (instant: string) => string;
  readonly day: (day: string) => string;
  readonly toggle: () => void;
}
