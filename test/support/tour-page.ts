/** The tour as a test reads it: its sections with shell blocks, output a reader should see, and steps on screens, in order. */

/** One thing to do on a screen; each is a sentence of the page. */
export type ScreenStep =
  | { readonly act: 'open'; readonly url: string }
  | { readonly act: 'choose'; readonly file: string; readonly label: string }
  | { readonly act: 'pick'; readonly option: string; readonly label: string }
  | { readonly act: 'click'; readonly name: string }
  | { readonly act: 'save'; readonly name: string; readonly file: string }
  | { readonly act: 'read'; readonly text: string };

/** A part of a section. `needs` names what a block cannot run without. */
export type TourPart =
  | { readonly kind: 'shell'; readonly needs: string | undefined; readonly text: string }
  | { readonly kind: 'output'; readonly lines: readonly string[] }
  | { readonly kind: 'screen'; readonly steps: readonly ScreenStep[] };

/** A section below a heading of the second level. */
export interface TourSection {
  readonly title: string;
  readonly parts: readonly TourPart[];
}

const sentences: readonly [RegExp, (first: string, second: string) => ScreenStep][] = [
  [/^Open <(http[^>]+)>\./, (url) => ({ act: 'open', url })],
  [/^Choose `([^`]+)` at \*\*([^*]+)\*\*\./, (file, label) => ({ act: 'choose', file, label })],
  [/^Pick “([^”]+)” at \*\*([^*]+)\*\*\./, (option, label) => ({ act: 'pick', option, label })],
  [/^Click \*\*([^*]+)\*\*\./, (name) => ({ act: 'click', name })],
  [/^Save \*\*([^*]+)\*\* as `([^`]+)`\./, (name, file) => ({ act: 'save', name, file })],
  [/^Read “([^”]+)”\.?/, (text) => ({ act: 'read', text })],
];

/** The sentences of one list item. Throws on words that are none of the sentences a test can do. */
export function screenSteps(item: string): ScreenStep[] {
  const steps: ScreenStep[] = [];
  let rest = item.replaceAll(/\s+/g, ' ').trim();
  while (rest !== '') {
    const found = sentences.flatMap(([pattern, step]) => {
      const match = pattern.exec(rest);
      return match ? [{ length: match[0].length, step: step(match[1] ?? '', match[2] ?? '') }] : [];
    })[0];
    if (!found) throw new Error(`the tour says what no test can do: ${rest}`);
    steps.push(found.step);
    rest = rest.slice(found.length).trim();
  }
  return steps;
}

/** Sections of the page. Steps on a screen are the numbered lists below a paragraph that begins with `**Screen.**`. */
export function tourSections(page: string): TourSection[] {
  const [, ...chapters] = page.split(/^## /m);
  return chapters.map((chapter) => {
    const [title = ''] = chapter.split('\n', 1);
    return { title, parts: partsOf(chapter.slice(title.length)) };
  });
}

const part = /^```(\w+)([^\n]*)\n([\s\S]*?)^```$|^\*\*Screen\.\*\*[\s\S]*?\n\n((?:(?:\d+\. | {3})[^\n]*\n)+)/gm;

function partsOf(chapter: string): TourPart[] {
  return [...chapter.matchAll(part)].flatMap(([, language, info = '', text = '', list]): TourPart[] => {
    if (list !== undefined) {
      const items = list.split(/^\d+\. /m).slice(1);
      return [{ kind: 'screen', steps: items.flatMap(screenSteps) }];
    }
    if (language === 'sh') return [{ kind: 'shell', needs: /\bneeds=(\w+)/.exec(info)?.[1], text }];
    if (language === 'text')
      return [{ kind: 'output', lines: text.split('\n').filter((line) => !/^\s*…?\s*$/.test(line)) }];
    return [];
  });
}

/**
 * A line without what differs from run to run: numbers, digests, hidden cells, the direction of a change, the width of
 * columns. Two lines that differ in nothing else come to the same.
 */
export function outline(line: string): string {
  return line
    .replaceAll(/\b(?:m-)?[0-9a-f]{16,}…?/g, '#')
    .replaceAll(/gestiegen \/ up|gefallen \/ down|nicht unterscheidbar \/ no difference shown/g, '#')
    .replaceAll(/-?\d[\d.,/:TZ-]*\d|-?\d/g, '#')
    .replaceAll(/# – #/g, '#')
    .replaceAll(/(?<=\s)\.(?=\s|$)/g, '#')
    .replaceAll(/─+/g, '─')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

/** Whether one of the lines said is this one, figures aside; a line that ends with ` …` is the beginning of one. */
export function isSaid(line: string, said: readonly string[]): boolean {
  const wanted = outline(line.replace(/ …$/, ''));
  return said.map(outline).some((other) => (line.endsWith(' …') ? other.startsWith(wanted) : other === wanted));
}
