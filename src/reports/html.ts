/**
 * A document as a page that stands alone: semantic elements, rules for printing, no script, nothing from elsewhere. Every text
 * is untrusted – charter and log are other people's – and goes through {@link escapedText}; a policy in the page forbids
 * whatever would come through nevertheless.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { toBase64, utf8 } from '@reinraum/protocol';
import type { Source } from './document.ts';
import type { Language, SpokenDocument, SpokenSaid, SpokenTable } from './spoken.ts';
import { pageStyle } from './style.ts';

/** Ranges of entries shown after a number; the JSON form has all. */
const rangesMax = 30;

const words = {
  de: { entry: 'Eintrag', entries: 'Einträge', more: 'weitere, alle in der JSON-Form', sources: 'Quellen' },
  en: { entry: 'entry', entries: 'entries', more: 'more, all in the JSON form', sources: 'Sources' },
} as const satisfies Record<Language, unknown>;

/** The page. Equal documents give equal bytes. */
export function toHtml(document: SpokenDocument): string {
  const page = new Page(document.language);
  const facts = document.facts.map(({ name, said }) => `<dt>${escapedText(name)}</dt><dd>${page.said(said)}</dd>`);
  const sections = document.sections.map(
    ({ title, sentences, tables }) =>
      `<section>\n<h2>${escapedText(title)}</h2>\n${sentences
        .map((one) => `<p>${page.said(one)}</p>\n`)
        .join('')}${tables.map((one) => page.table(one)).join('')}</section>\n`,
  );
  const style = toBase64(sha256(utf8(pageStyle)));
  return `<!doctype html>
<html lang="${document.language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${style}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escapedText(document.title)}</title>
<style>${pageStyle}</style>
</head>
<body>
<main>
<h1>${escapedText(document.title)}</h1>
<dl>
${facts.join('\n')}
</dl>
${sections.join('')}${page.footnotes()}</main>
</body>
</html>
`;
}

/** What of a page depends on what stood before: numbers of footnotes and of tables. */
class Page {
  readonly #language: Language;
  readonly #notes: string[] = [];
  #tables = 0;

  constructor(language: Language) {
    this.#language = language;
  }

  said({ text, entries, sources = [], gap, value }: SpokenSaid, shown: readonly number[] = []): string {
    const isShown = entries.length === shown.length && entries.every((index, at) => index === shown[at]);
    const evidence = entries.length === 0 || isShown ? '' : ` <span class="entries">[${this.#ranges(entries)}]</span>`;
    const body =
      value === undefined
        ? escapedText(text)
        : `<data value="${escapedText(String(value))}">${escapedText(text)}</data>`;
    return `${gap ? `<mark>${body}</mark>` : body}${evidence}${this.#notesOf(sources)}`;
  }

  table({ caption, head, rows, empty }: SpokenTable): string {
    if (rows.length === 0) {
      return `<p class="empty"><strong>${escapedText(caption)}:</strong> ${escapedText(empty)}</p>\n`;
    }
    const columns = head.map((one) => `<th scope="col">${escapedText(one)}</th>`).join('');
    const lines = rows.map(({ entries, cells }) => {
      // A row about one entry begins with its number; saying it again in every cell would only be noise.
      const shown = entries.length === 1 && cells[0]?.value === entries[0] ? entries : [];
      const [first, ...rest] = cells.map((one) => this.said(one, shown));
      return `<tr><th scope="row">${first ?? ''}</th>${rest.map((one) => `<td>${one}</td>`).join('')}</tr>\n`;
    });
    this.#tables += 1;
    const name = `t${this.#tables}`;
    return `<div class="wide" role="region" tabindex="0" aria-labelledby="${name}">\n<table>\n<caption id="${name}">${escapedText(caption)}</caption>\n<thead><tr>${columns}</tr></thead>\n<tbody>\n${lines.join('')}</tbody>\n</table>\n</div>\n`;
  }

  /** Sources in the order they were named in, each once. */
  footnotes(): string {
    if (this.#notes.length === 0) return '';
    const items = this.#notes.map((note, at) => `<li id="s${at + 1}">${escapedText(note)}</li>`);
    const title = words[this.#language].sources;
    return `<section class="sources">\n<h2>${title}</h2>\n<ol>\n${items.join('\n')}\n</ol>\n</section>\n`;
  }

  /** Bracketed and apart: after a number a bare raised one would read as its power. */
  #notesOf(sources: readonly Source[]): string {
    return sources.length === 0 ? '' : ` <sup>(${sources.map((source) => this.#note(source)).join(', ')})</sup>`;
  }

  #note({ file, place }: Source): string {
    const note = `${file}: ${place}`;
    const known = this.#notes.indexOf(note);
    const number = known === -1 ? this.#notes.push(note) : known + 1;
    return `<a href="#s${number}">${number}</a>`;
  }

  /** `3, 5–8`; with the number of those left out where there are too many to print. */
  #ranges(entries: readonly number[]): string {
    const { entry, entries: plural, more } = words[this.#language];
    const name = entries.length === 1 ? entry : plural;
    const ranges = rangesOf(entries);
    const left = ranges.slice(rangesMax).reduce((sum, [first, last]) => sum + last - first + 1, 0);
    const shown = ranges.slice(0, rangesMax).map(([first, last]) => (first === last ? `${first}` : `${first}–${last}`));
    return `${name} ${[...shown, ...(left === 0 ? [] : [`${left} ${more}`])].join(', ')}`;
  }
}

/** Neighbouring numbers as first and last. */
function rangesOf(entries: readonly number[]): [number, number][] {
  const ranges: [number, number][] = [];
  for (const index of entries) {
    const last = ranges.at(-1);
    if (last && last[1] + 1 === index) last[1] = index;
    else ranges.push([index, index]);
  }
  return ranges;
}

/** Text for HTML, between tags and in quoted attributes of either quote. */
export function escapedText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
