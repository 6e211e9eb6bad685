/** What members see of a room: a view of the fold, with ε beside ρ and δ. */
import { missingApprovals, type QueryState, type Room, spentOf } from '@reinraum/audit';
import {
  type Catalogue,
  type Charge,
  epsilonOf,
  formatRational,
  lossOf,
  parseRational,
  price,
  type Rational,
  toNumber,
} from '@reinraum/protocol';

/** The catalogue of a room whose log has `size` entries. */
export function catalogueOf(room: Room, size: number): Catalogue {
  const { charter } = room;
  const { accountant } = charter;
  const epsilon = (loss: Rational) => {
    if (loss.num === 0n) return 0;
    const value =
      accountant.kind === 'pure' ? toNumber(loss) : epsilonOf(loss, parseRational(accountant.deltaConversion));
    return Math.ceil(value * 10_000) / 10_000;
  };
  return {
    charter,
    size,
    datasets: [...room.datasets].flatMap(([dataset, versions]) =>
      [...versions.values()].map(({ version, state, manifest }) => ({
        dataset,
        version,
        state,
        manifest: manifest ?? null,
      })),
    ),
    queries: [...room.queries].map(([digest, state]) => ({
      digest,
      query: state.query,
      revoked: state.revoked,
      missing: missingApprovals(room, state),
      charges: priceOf(room, state),
      releases: [...room.charges.values()].filter(
        ({ entry, outcome }) => outcome === 'released' && entry.detail.query === digest,
      ).length,
    })),
    balances: charter.populations.map(({ id, budget }) => {
      const spent = spentOf(room, id);
      return {
        population: id,
        loss: { cap: formatRational(lossOf(budget)), spent: formatRational(spent.loss) },
        delta: { cap: budget.delta, spent: formatRational(spent.delta) },
        epsilon: { cap: epsilon(lossOf(budget)), spent: epsilon(spent.loss) },
      };
    }),
  };
}

function priceOf({ schemas, charter }: Room, { query }: QueryState): Charge[] {
  const schema = schemas.get(query.from.dataset);
  return schema ? price(query, schema, charter) : [];
}
