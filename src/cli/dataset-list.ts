/** `reinraum dataset list`: every version of every dataset, and the questions that used it, from the verified log. */
import { currentVersion, type Room } from '@reinraum/audit';

/** A question that used a version. */
export interface UsedBy {
  readonly query: string;
  readonly id: string;
  /** Charges against this version, and how many of them led to a release. */
  readonly charged: number;
  readonly released: number;
}

/** A version as the log tells it. */
export interface ListedVersion {
  readonly dataset: string;
  readonly version: number;
  /** The version it follows; null for the first. */
  readonly follows: number | null;
  readonly state: string;
  /** Whether this is the version that is asked now. */
  readonly asked: boolean;
  /** Digest of its manifest; null until it has one. */
  readonly manifest: string | null;
  readonly capacityRows: number;
  readonly purpose: string;
  readonly validUntil: string;
  readonly usedBy: readonly UsedBy[];
}

/** All versions, by dataset and number. */
export function listedVersions(room: Room): ListedVersion[] {
  return [...room.datasets].flatMap(([dataset, versions]) =>
    [...versions.values()].map(({ version, state, manifest, declared }) => ({
      dataset,
      version,
      follows: [...versions.values()].find((other) => other.manifest === declared.predecessor)?.version ?? null,
      state,
      asked: currentVersion(room, dataset)?.version === version,
      manifest: manifest ?? null,
      capacityRows: declared.capacityRows,
      purpose: declared.purpose,
      validUntil: declared.validUntil,
      usedBy: usesOf(room, dataset, version),
    })),
  );
}

function usesOf(room: Room, dataset: string, version: number): UsedBy[] {
  const uses = new Map<string, UsedBy>();
  for (const { entry, outcome } of room.charges.values()) {
    const { query, datasets } = entry.detail;
    if (!datasets.some((used) => used.dataset === dataset && used.version === version)) continue;
    const { charged = 0, released = 0 } = uses.get(query) ?? {};
    const id = room.queries.get(query)?.query.id ?? '';
    uses.set(query, { query, id, charged: charged + 1, released: released + (outcome === 'released' ? 1 : 0) });
  }
  return [...uses.values()];
}

/** The versions as lines people read. */
export function versionLines(versions: readonly ListedVersion[]): string[] {
  if (versions.length === 0) return ['no dataset has been declared yet'];
  return versions.flatMap(({ dataset, version, follows, state, asked, manifest, usedBy, ...declared }) => [
    `${dataset} version ${version}${follows === null ? '' : `, follows version ${follows}`}: ${state}${asked ? ', asked now' : ''}`,
    `  manifest ${manifest ?? '–'}`,
    `  capacity ${declared.capacityRows} rows, purpose ${declared.purpose}, valid until ${declared.validUntil}`,
    ...(usedBy.length === 0 ? ['  used by no question'] : []),
    ...usedBy.map(
      ({ id, query, charged, released }) =>
        `  used by ${id}: ${charged} charged, ${released} released (query ${query})`,
    ),
  ]);
}
