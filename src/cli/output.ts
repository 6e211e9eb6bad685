/** What the command line says: results on standard output, everything for people on standard error. */

/** A result, on a line of its own. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** A word to the person at the terminal. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/**
 * A text somebody else wrote – a title, a legal basis – as it may stand on a terminal: one line, without characters that steer
 * it or turn the direction of what follows. Each of them becomes U+FFFD.
 */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\uFFFD');
}

/** A progress line that is rewritten on a terminal and shown at every tenth elsewhere. */
export function progressBar(label: string): (done: number, total: number) => void {
  const width = 30;
  let shown = -1;
  return (done, total) => {
    const share = total === 0 ? 1 : Math.min(1, done / total);
    const step = process.stderr.isTTY ? Math.floor(share * 200) : Math.floor(share * 4);
    if (step === shown) return;
    shown = step;
    const bar = '█'.repeat(Math.round(share * width)).padEnd(width, '░');
    const line = `${label} ${bar} ${String(Math.floor(share * 100)).padStart(3)} %`;
    process.stderr.write(process.stderr.isTTY ? `\r${line}${share === 1 ? '\n' : ''}` : `${line}\n`);
  };
}
