/** What is wrong with a steward's file, said on this machine only. */
import type { DatasetSchema } from '@reinraum/protocol';

/** A file the steward has to correct. The message names row or column, the rule and the fix; never a value. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
}

/**
 * Places of the unit column and the columns of the schema, in this order, among the columns of a file. Further columns
 * are refused, so that nothing is handed over unseen. Throws {@link SourceError}.
 */
export function columnPositions(header: readonly string[], schema: DatasetSchema): number[] {
  const wanted = [schema.unit, ...schema.columns.map(({ name }) => name)];
  for (const name of wanted) if (!header.includes(name)) throw new SourceError(`header: column "${name}" is missing`);
  if (header.length !== wanted.length) {
    throw new SourceError(
      `header: has ${header.length} columns, the schema has ${wanted.length}; remove what is not asked for`,
    );
  }
  return wanted.map((name) => header.indexOf(name));
}
