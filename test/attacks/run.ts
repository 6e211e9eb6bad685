/** `npm run attacks`: every attack of the corpus as a row of a table; exit code 1 if a row does not hold. `--json` for machines. */
import type { Attack, Row } from './attack.ts';
import { attackIn, corpusFolders } from './corpus.ts';

type NamedRow = Row & { readonly id: string; readonly name: string };

const isJson = process.argv.includes('--json');
const columns = ['attack', 'unprotected', 'ours', 'bound', 'holds'] as const;

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** The row of an attack; one that breaks off does not hold, and the others are still measured. */
async function measured({ measure }: Attack): Promise<Row> {
  try {
    return await measure();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { unprotected: '?', ours: `broke off: ${why}`, bound: '?', holds: false };
  }
}

const rows: NamedRow[] = [];
const startedMs = performance.now();
for (const folder of corpusFolders()) {
  const attack = await attackIn(folder);
  rows.push({ id: attack.id, name: attack.name, ...(await measured(attack)) });
}
if (isJson) print(JSON.stringify(rows, null, 2));
else {
  const lines = [
    columns,
    ...rows.map((row) => [`${row.id} ${row.name}`, row.unprotected, row.ours, row.bound, row.holds ? 'yes' : 'NO']),
  ];
  const widths = columns.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
  for (const line of lines)
    print(
      line
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    );
}
const failed = rows.filter(({ holds }) => !holds);
if (!isJson) {
  print(
    `\n${rows.length} attacks in ${((performance.now() - startedMs) / 1000).toFixed(1)} s, ${failed.length} do not hold`,
  );
}
process.exit(failed.length === 0 && rows.length > 0 ? 0 : 1);
