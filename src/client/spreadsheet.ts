/** CSV files that a German Excel opens by double click: UTF-8 with mark, `;`, CRLF (RFC 4180 apart from the separator). */

/** The mark at the beginning of the file: without it Excel reads UTF-8 as the code page of the machine. */
export const spreadsheetMark = '\uFEFF';

/** A file of lines of fields, which are written as they are: texts go through {@link spreadsheetText} first. */
export function spreadsheet(lines: readonly (readonly string[])[]): string {
  return `${spreadsheetMark}${lines.map(spreadsheetLine).join('')}`;
}

/** One line with its end. */
export function spreadsheetLine(fields: readonly string[]): string {
  return `${fields.join(';')}\r\n`;
}

/** A text field. What a spreadsheet would take for a formula is led by an apostrophe (OWASP, "CSV Injection"). */
export function spreadsheetText(value: string): string {
  const guarded = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[;"\r\n]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}
