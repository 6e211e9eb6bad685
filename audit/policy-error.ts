/** What is wrong with a trust policy, in both languages: people write these files. */
import type { Bilingual } from '@reinraum/protocol';

/** Texts by code. The codes are stable: tools and translations may depend on them. */
const faults = {
  characters: {
    de: 'Zeichen, die eine Richtlinie nicht enthalten darf, oder keine Zeilenschaltung am Ende',
    en: 'characters no policy may hold, or no newline at the end',
  },
  'line-unknown': {
    de: 'keine Zeile der Art log, witness, group oder quorum mit der richtigen Zahl von Angaben',
    en: 'not a line log, witness, group or quorum with the right number of items',
  },
  'vkey-malformed': {
    de: 'kein Schlüssel der richtigen Art: Protokolle haben Schlüssel der Art 01, Zeugen der Art 04',
    en: 'not a key of the right type: logs have keys of type 01, witnesses of type 04',
  },
  'key-weak': {
    de: 'ein Schlüssel, unter dem Signaturen nichts beweisen',
    en: 'a key under which signatures prove nothing',
  },
  'key-repeated': {
    de: 'dieser Schlüssel steht schon in einer früheren Zeile',
    en: 'this key stands in an earlier line already',
  },
  'url-malformed': {
    de: 'keine Adresse der Form https://… oder http://…',
    en: 'not an address https://… or http://…',
  },
  'name-repeated': {
    de: 'dieser Name ist schon vergeben; „none“ ist es von vornherein',
    en: 'this name is taken; “none” is from the outset',
  },
  'name-unknown': {
    de: 'kein Zeuge und keine Gruppe dieses Namens in einer früheren Zeile',
    en: 'no witness and no group of this name in an earlier line',
  },
  'member-repeated': {
    de: 'ein Mitglied, das schon in einer Gruppe ist: jedes zählt nur einmal',
    en: 'a member that is in a group already: each counts once only',
  },
  threshold: {
    de: 'die Schwelle ist any, all oder eine Zahl von 1 bis zur Zahl der Mitglieder',
    en: 'the threshold is any, all or a number from 1 to the number of members',
  },
  'quorum-repeated': { de: 'eine zweite Zeile quorum', en: 'a second line quorum' },
  'quorum-missing': { de: 'die Zeile quorum fehlt', en: 'the line quorum is missing' },
  'too-many': {
    de: 'zu lang, oder mehr als 32 Protokolle, Zeugen oder Gruppen',
    en: 'too long, or more than 32 logs, witnesses or groups',
  },
} as const satisfies Record<string, Bilingual>;

/** What is wrong with a policy. */
export type PolicyFault = keyof typeof faults;

/** A policy that is not used. The message is German, then English, and never repeats what stands in the file. */
export class PolicyError extends Error {
  readonly code: PolicyFault;
  /** The first line that is wrong, from 1; for a missing quorum the number of lines. */
  readonly line: number;

  constructor(code: PolicyFault, line: number) {
    const { de, en } = faults[code];
    super(`${code}: Zeile ${line}: ${de} / line ${line}: ${en}`);
    this.name = 'PolicyError';
    this.code = code;
    this.line = line;
  }
}
