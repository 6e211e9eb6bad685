/** The inverse of a preview: what it costs to know a measure as exactly as somebody wants (privacy.md "Approval-time analysis"). */
import type { Asker } from './allotment.ts';
import type { Charter } from './charter.ts';
import type { AskedSchema } from './join.ts';
import { accountantOf, asLoss, lossOf } from './loss.ts';
import type { Parameters } from './plan.ts';
import { type Preview, previewOf, type Spent } from './preview.ts';
import type { AggregateQuery, QueryPrivacy } from './query.ts';
import { compare, type Rational, rational } from './rational.ts';
import { Refusal } from './refusal.ts';

/** Half of the 95 % range a measure may have at most: in its own unit, of rates and shares in parts of one. */
export type WantedHalfWidths = ReadonlyMap<string, number>;

/** The least loss that is enough, and the preview of a run at it. */
export interface WantedPrice {
  /** The template's `privacy` with that loss. */
  readonly privacy: QueryPrivacy;
  readonly preview: Preview;
}

/** Sixteenths of powers of two from 2^-20 to 2^12, rising: each at most 1/16 above the one before. */
const losses: readonly Rational[] = Array.from({ length: 33 }, (_, at) => at - 20).flatMap((power) =>
  Array.from({ length: 16 }, (_, part) => {
    const sixteenths = BigInt(16 + part);
    return power < 0
      ? rational(sixteenths, 16n * 2n ** BigInt(-power))
      : rational(sixteenths * 2n ** BigInt(power), 16n);
  }),
);

/**
 * How likely a cell has to be shown. Below of it less loss can mean a narrower range – of what is shown only when the noise was
 * high, the range lies against k –, and of a hidden cell nothing is known.
 */
const almostSurely = 0.95;

/**
 * The least loss, to a sixteenth, at which cells of `unitsPerCell` units are almost surely shown, every wanted measure as exact; null
 * where no noise that can be computed with is small enough. All else stays the template's: the split among measures, k, parameters; runs left are those of the asker.
 * Throws {@link Refusal} as `plan`, and `query-not-compilable` with the measure's name where it has no range to expect or there is none.
 */
export function wantedPrice(
  query: AggregateQuery,
  schema: AskedSchema,
  parameters: Parameters,
  charter: Pick<Charter, 'populations' | 'accountant'>,
  spent: Spent,
  unitsPerCell: number,
  wanted: WantedHalfWidths,
  asker: Asker | null = null,
): WantedPrice | null {
  const at = (privacy: QueryPrivacy) =>
    previewOf({ ...query, privacy }, schema, parameters, charter, spent, unitsPerCell, asker);
  const own = at(query.privacy);
  for (const name of wanted.keys()) {
    const measure = own.measures.find(({ as }) => as === name);
    if (!measure || measure.halfWidth === null) throw new Refusal('query-not-compilable', `measures.${name}`);
  }
  const isEnough = ({ measures }: Preview) =>
    measures.every(({ as, halfWidth, shown }) => {
      const most = wanted.get(as);
      return most === undefined || (halfWidth !== null && halfWidth <= most && shown >= almostSurely);
    });
  // Too little loss is too much noise to compute with, too much is too little: refused on either side of the template's own.
  const outcome = (loss: Rational): WantedPrice | 'too exact' | undefined => {
    const privacy = { ...query.privacy, ...asLoss(accountantOf(query.privacy), loss) };
    try {
      const preview = at(privacy);
      return isEnough(preview) ? { privacy, preview } : undefined;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return compare(loss, lossOf(query.privacy)) > 0 ? 'too exact' : undefined;
    }
  };
  let [below, above] = [-1, losses.length];
  let found: WantedPrice | null = null;
  while (above - below > 1) {
    const middle = Math.floor((below + above) / 2);
    const enough = outcome(losses[middle] ?? rational(0n));
    if (enough === undefined) below = middle;
    else {
      above = middle;
      found = enough === 'too exact' ? null : enough;
    }
  }
  return found;
}
