/** Legal bases as lawyers write them. */

/** `dsgvo-6-1-e` → "Art. 6 Abs. 1 Buchst. e DSGVO"; what has another form stays as it is. */
export function legalBasisTitle(code: string, language: 'de' | 'en'): string {
  const [, article, paragraph, letter] = /^dsgvo-(\d+)(?:-(\d+))?(?:-([a-z]))?$/.exec(code) ?? [];
  if (article === undefined) return code;
  if (language === 'en') {
    return `Art. ${article}${paragraph ? `(${paragraph})` : ''}${letter ? `(${letter})` : ''} GDPR`;
  }
  return `Art. ${article}${paragraph ? ` Abs. ${paragraph}` : ''}${letter ? ` Buchst. ${letter}` : ''} DSGVO`;
}
