/** `reinraum query list`: every question and table of a room with its digest, what it costs and whether it can be asked. */
import { type Catalogue, formatRational, lossOf } from '@reinraum/protocol';

type Listed = Pick<Catalogue, 'queries' | 'tables' | 'balances' | 'charter'>;

/**
 * Lines people read. A question's first line is its id and its digest, for other commands to take; a balance's is its
 * population, what was spent and the cap, in the unit of the room's accountant.
 */
export function queryLines({ queries, tables, balances, charter }: Listed): string[] {
  const unit = charter.accountant.kind === 'zcdp' ? 'ρ' : 'ε';
  const price = (charges: Listed['queries'][number]['charges']) =>
    charges.map((charge) => `${unit} ${formatRational(lossOf(charge))} for ${charge.population}`).join(', ');
  if (queries.length + tables.length === 0) return ['no question has been proposed yet'];
  return [
    ...queries.flatMap(({ digest, query, charges, releases, ...state }) => [
      `${idOf(query)} ${digest}`,
      `  ${stateOf(state)}; price ${price(charges)}; ${releases} answered`,
    ]),
    ...tables.flatMap(({ digest, table, ...state }) => [
      `${idOf(table)} ${digest}`,
      `  table, ${stateOf({ ...state, suspended: null })}`,
    ]),
    ...balances.flatMap(({ population, loss, allotments = [] }) => [
      `${population}: ${unit} ${loss.spent} of ${loss.cap} spent`,
      ...allotments.map((part) => `  ${part.account}: ${unit} ${part.loss.spent} of ${part.loss.cap} spent`),
    ]),
  ];
}

function stateOf({
  revoked,
  suspended,
  missing,
}: Omit<Listed['tables'][number], 'digest' | 'table'> & { suspended: number | null }): string {
  if (revoked) return 'revoked';
  if (missing.length > 0) return `waits for ${missing.join(', ')}`;
  return suspended === null ? 'approved' : `suspended after the failure of log entry ${suspended}`;
}

function idOf(template: unknown): string {
  return template instanceof Object && 'id' in template ? String(template.id) : '–';
}
