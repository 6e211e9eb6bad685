/** What can be proposed and approved: a query, or a table derived from releases of queries. */
import { z } from 'zod';
import type { Charter } from './charter.ts';
import { checkDerived, DerivedTable, type InputShape, inputParameters } from './derived.ts';
import type { AskedSchema } from './join.ts';
import { firstParameters, plan } from './plan.ts';
import { checkPolicy } from './price.ts';
import { AggregateQuery } from './query.ts';
import { Refusal } from './refusal.ts';

/** A proposed object, told apart by its `kind`. */
export const Question = z.discriminatedUnion('kind', [AggregateQuery, DerivedTable]);
export type Question = z.infer<typeof Question>;

/** A query with what it is compiled against. */
export interface KnownQuery {
  readonly query: AggregateQuery;
  readonly schema: AskedSchema;
}

/**
 * Refuses a table the charter or its inputs do not allow: every input is a query the room knows, with the counts, axes
 * and parameters the table names, and nobody receives the table who may not receive the inputs. Throws {@link Refusal}.
 */
export function checkTable(
  table: DerivedTable,
  charter: Pick<Charter, 'purposes' | 'recipients'>,
  known: (query: string) => KnownQuery | undefined,
): void {
  checkPolicy(table, charter);
  const shapes = new Map<string, InputShape>();
  const parameters = firstParameters(table.params);
  for (const [name, { query: digest }] of Object.entries(table.inputs)) {
    const input = known(digest);
    if (!input) throw new Refusal('query-unknown', `inputs.${name}.query`);
    const { query, schema } = input;
    if (!table.recipients.every((recipient) => query.recipients.includes(recipient))) {
      throw new Refusal('recipient-not-allowed', `inputs.${name}.query`);
    }
    let shape: InputShape;
    try {
      const { axes } = plan(query, schema, inputParameters(table, name, parameters));
      shape = { axes: axes.map(({ as, labels }) => ({ as, labels: [...labels] })), measures: query.measures };
    } catch (error) {
      throw error instanceof Refusal ? new Refusal('parameter-invalid', `inputs.${name}.parameters`) : error;
    }
    shapes.set(name, shape);
  }
  checkDerived(table, shapes);
}
