/** What members see of a room: a view of the fold, with ε beside ρ and δ. */
import { missingApprovals, type Room, spentOf } from '@reinraum/audit';
import { type Catalogue, epsilonOf, formatRational, parseRational, price, type Rational } from '@reinraum/protocol';

/** The catalogue of a room whose log has `size` entries. */
export function catalogueOf(room: Room, size: number): Catalogue {
  const { charter } = room;
  const deltaConversion = parseRational(charter.accountant.deltaConversion);
  const epsilon = (rho: Rational) =>
    rho.num === 0n ? 0 : Math.ceil(epsilonOf(rho, deltaConversion) * 10_000) / 10_000;
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
      suspended: state.suspended,
      missing: missingApprovals(room, state),
      charges: price(state.query, charter),
      releases: [...room.charges.values()].filter(
        ({ entry, outcome }) => outcome === 'released' && entry.detail.query === digest,
      ).length,
    })),
    retractions: [...room.retractions].flatMap(([charge, { reason, at }]) => {
      const detail = room.charges.get(charge)?.entry.detail;
      const release = room.releases.get(charge);
      if (!detail || release === undefined) return [];
      return [{ release, charge, query: detail.query, recipient: detail.recipient, reason, at }];
    }),
    members: [...room.members.values()],
    recoveries: room.recoveries.map(({ approver, keys, expiresAt }) => ({ ...keys, approver, expiresAt })),
    balances: charter.populations.map(({ id, budget }) => {
      const spent = spentOf(room, id);
      return {
        population: id,
        rho: { cap: budget.rho, spent: formatRational(spent.rho) },
        delta: { cap: budget.delta, spent: formatRational(spent.delta) },
        epsilon: { cap: epsilon(parseRational(budget.rho)), spent: epsilon(spent.rho) },
      };
    }),
  };
}
