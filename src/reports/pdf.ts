/** A page as a PDF, printed by the Chromium of this machine. The page gets no script and no network. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Names a Chromium is looked for under, in this order. */
const programs = ['chromium', 'chromium-browser', 'google-chrome'];

/** The first of them on a search path; undefined where there is none. */
export function chromiumOn(searchPath: string): string | undefined {
  return searchPath
    .split(delimiter)
    .filter((folder) => folder !== '')
    .flatMap((folder) => programs.map((name) => join(folder, name)))
    .find(isProgram);
}

/** What is said where there is none: what it needs, and what goes without. */
export const chromiumMissing = `PDF braucht Chromium: installieren (Debian: apt install chromium), sodass eines von ${programs.join(', ')} im PATH steht; oder --format html nehmen und im Browser drucken. / PDF needs Chromium: install it (Debian: apt install chromium), so that one of ${programs.join(', ')} is on the PATH; or take --format html and print in a browser.`;

/** Prints pages one after another with one browser. */
export interface Printer {
  /** `madeAt` becomes the dates in the file, which would otherwise be those of the printing. */
  print(html: string, madeAt: string): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Starts the browser in a fresh profile. Chromium does not run `asRoot` within its own sandbox; anybody else keeps it. */
export async function startPrinter(program: string, asRoot: boolean): Promise<Printer> {
  // Loaded only here: everything else on the command line goes without a browser.
  const { chromium } = await import('playwright-core');
  const browser = await chromium.launch({
    executablePath: program,
    args: [
      ...(asRoot ? ['--no-sandbox'] : []),
      '--headless',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
    ],
    chromiumSandbox: !asRoot,
  });
  return {
    async print(html, madeAt) {
      const context = await browser.newContext({ javaScriptEnabled: false, offline: true });
      try {
        const page = await context.newPage();
        await page.setContent(html);
        const bytes = await page.pdf({ preferCSSPageSize: true, tagged: true, outline: true, printBackground: true });
        return dated(bytes, madeAt);
      } finally {
        await context.close();
      }
    },
    close: () => browser.close(),
  };
}

/** The same file with other dates. They are replaced in place by as many bytes, so that the file's own offsets stay true. */
export function dated(pdf: Uint8Array, madeAt: string): Uint8Array {
  const stamp = `D:${madeAt.replaceAll(/[-:TZ]/g, '')}+00'00'`;
  const text = Buffer.from(pdf).toString('latin1');
  const redated = text.replaceAll(/(\/(?:CreationDate|ModDate) \()(D:\d{14}\+00'00')(\))/g, `$1${stamp}$3`);
  return new Uint8Array(Buffer.from(redated, 'latin1'));
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
