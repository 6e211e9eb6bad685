/** Which cells of a hierarchy stay shown, so that nothing that adds up rests on fewer than k units. */
import { type PlanLevel, parentOf } from '@reinraum/protocol';
import type { KeptCell, KeptTable } from './stages.ts';

/**
 * From what each level shows by itself, finest first, to what may be shown together: a cell only below a shown one, and where some
 * cells below a shown one are hidden, one more of them – the smallest by its noised count. A function of kept values alone, so it
 * costs nothing. Proof: `levels.proof.md`.
 */
export function keepTogether(tables: readonly KeptTable[], levels: readonly PlanLevel[]): KeptTable[] {
  const kept = [...tables];
  for (let at = levels.length - 1; at >= 0; at--) {
    const [level, below, above] = [levels[at], kept[at], kept[at + 1]];
    if (!level || !below || !above) throw new TypeError('levels: a level without its table');
    kept[at] = { ...below, cells: below.cells.map(only(level, below.cells, above.cells)) };
  }
  return kept;
}

/** What stays of each cell of one level below another. */
function only(level: PlanLevel, below: KeptTable['cells'], above: KeptTable['cells']) {
  const families = Array.from({ length: level.cells }, () => ({ hides: false, smallest: -1 }));
  below.forEach((cell, position) => {
    const family = families[parentOf(level, position)];
    if (!family) throw new TypeError('levels: a cell without a place above');
    if (!cell) family.hides = true;
    else if (family.smallest < 0 || countOf(cell) < countOf(below[family.smallest])) family.smallest = position;
  });
  return (cell: KeptCell | undefined, position: number): KeptCell | undefined => {
    const parent = parentOf(level, position);
    const family = families[parent];
    const isOneMore = family?.hides === true && family.smallest === position;
    return above[parent] && !isOneMore ? cell : undefined;
  };
}

function countOf(cell: KeptCell | undefined): bigint {
  return cell?.values[0] ?? 0n;
}
