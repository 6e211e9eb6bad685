/** What members see of a room: a view of the fold, with ε beside ρ and δ. */
import { currentVersion, missingApprovals, type Room, schemaOf, spentOf } from '@reinraum/audit';
import {
  type Account,
  allAccounts,
  type Catalogue,
  epsilonOf,
  formatRational,
  lossOf,
  type Member,
  type Preview,
  type PreviewRequest,
  parseRational,
  plan,
  previewOf,
  price,
  type Rational,
  Refusal,
  toNumber,
} from '@reinraum/protocol';

/** The preview of a run, without reading a row. Throws {@link Refusal}. */
export function previewIn(
  room: Room,
  { query: digest, parameters, unitsPerCell }: PreviewRequest,
  member: Pick<Member, 'ref' | 'unit'>,
): Preview {
  const query = room.queries.get(digest)?.query;
  if (!query) throw new Refusal('query-unknown', 'query');
  const schema = schemaOf(room, query);
  const { cells } = plan(query, schema, parameters);
  // The capacity is what the steward has declared for everyone to see; how many rows there are is nobody's to know.
  const capacity = currentVersion(room, query.from.dataset)?.declared.capacityRows ?? cells;
  const assumed = unitsPerCell ?? Math.max(1, Math.floor(capacity / cells));
  const spent = (account: string) => spentOf(room, account);
  return previewOf(query, schema, parameters, room.charter, spent, assumed, { ...member, purpose: query.purpose });
}

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
      suspended: state.suspended,
      missing: missingApprovals(room, state),
      charges: price(state.query, schemaOf(room, state.query), charter),
      releases: [...room.charges.values()].filter(
        ({ entry, outcome }) => outcome === 'released' && entry.detail.query === digest,
      ).length,
    })),
    tables: [...room.tables].map(([digest, state]) => ({
      digest,
      table: state.table,
      revoked: state.revoked,
      missing: missingApprovals(room, state),
    })),
    retractions: [...room.retractions].flatMap(([charge, { reason, at }]) => {
      const detail = room.charges.get(charge)?.entry.detail;
      const release = room.releases.get(charge);
      if (!detail || release === undefined) return [];
      return [{ release, charge, query: detail.query, recipient: detail.recipient, reason, at }];
    }),
    members: [...room.members.values()],
    recoveries: room.recoveries.map(({ approver, keys, expiresAt }) => ({ ...keys, approver, expiresAt })),
    balances: charter.populations.map((population) => {
      const balanceOf = ({ name, cap }: Account) => {
        const spent = spentOf(room, name);
        return {
          loss: { cap: formatRational(lossOf(cap)), spent: formatRational(spent.loss) },
          delta: { cap: cap.delta, spent: formatRational(spent.delta) },
          epsilon: { cap: epsilon(lossOf(cap)), spent: epsilon(spent.loss) },
        };
      };
      const [own, ...allotted] = allAccounts(population, { members: [...room.members.values()] });
      if (!own) throw new TypeError('catalogue: a population without an account');
      const allotments = allotted.map((account) => ({ account: account.name, ...balanceOf(account) }));
      const balance = { population: population.id, ...balanceOf(own) };
      return allotments.length > 0 ? { ...balance, allotments } : balance;
    }),
  };
}
