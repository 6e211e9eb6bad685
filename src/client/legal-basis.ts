/** Legal bases as lawyers write them. */

const codes: Readonly<Record<string, string>> = { bdsg: 'BDSG', gewo: 'GewO' };
const books = ['', 'I', 'II', 'III', 'IV', 'V', 'VI', 'VII', 'VIII', 'IX', 'X', 'XI', 'XII', '', 'XIV'];

/** `dsgvo-6-1-e` → "Art. 6 Abs. 1 Buchst. e DSGVO", `sgb-10-75` → "§ 75 SGB X"; what has another form stays as it is. */
export function legalBasisTitle(code: string, language: 'de' | 'en'): string {
  return nationalTitle(code) ?? regulationTitle(code, language) ?? code;
}

/** German law is cited in German. */
function nationalTitle(code: string): string | undefined {
  const [, law = '', number, section = ''] = /^([a-z]+)(?:-(\d{1,2}))?-(\d+[a-z]?)$/.exec(code) ?? [];
  const book = law === 'sgb' ? books[Number(number)] : undefined;
  const other = number === undefined && Object.hasOwn(codes, law) ? codes[law] : undefined;
  const title = book ? `SGB ${book}` : other;
  return title && `§ ${section} ${title}`;
}

function regulationTitle(code: string, language: 'de' | 'en'): string | undefined {
  const [, article, paragraph, letter] = /^dsgvo-(\d+)(?:-(\d+))?(?:-([a-z]))?$/.exec(code) ?? [];
  if (article === undefined) return undefined;
  if (language === 'en') {
    return `Art. ${article}${paragraph ? `(${paragraph})` : ''}${letter ? `(${letter})` : ''} GDPR`;
  }
  return `Art. ${article}${paragraph ? ` Abs. ${paragraph}` : ''}${letter ? ` Buchst. ${letter}` : ''} DSGVO`;
}
