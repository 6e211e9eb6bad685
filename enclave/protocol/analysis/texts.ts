/** The words of findings, German and English: they name fields, other questions by id, and the assumptions they rest on. */
import type { Bilingual } from '../name.ts';
import type { FindingCode } from './finding.ts';

/** Numbers and names a text speaks of. */
export type Values = Readonly<Record<string, string | number>>;

type Words = (values: Values) => Bilingual;

const assumed = (rows: Values[string] | undefined) =>
  rows === undefined
    ? { de: ' Wie viele Zeilen das sind, ist nicht bekannt.', en: ' How many rows that is, is not known.' }
    : {
        de: ` Bei gleichmäßiger Verteilung sind das etwa ${rows} Zeilen.`,
        en: ` Spread evenly that is about ${rows} rows.`,
      };

const words: Readonly<Record<FindingCode, Words>> = {
  'predicate-subset': ({ other, own, slice, rows, aligned }) => ({
    de: `${own} und ${other} unterscheiden sich nur um einen Teil der Zeilen (${slice} des Wertebereichs): die Differenz der Antworten zeigt diesen Teil.${aligned === 'yes' ? ' Er ist auch für sich freigegeben.' : assumed(rows).de}`,
    en: `${own} and ${other} differ by a part of the rows only (${slice} of the domain): the difference of the answers shows that part.${aligned === 'yes' ? ' It is released on its own as well.' : assumed(rows).en}`,
  }),
  'predicate-complement': ({ other, own }) => ({
    de: `${own} und ${other} sind zusammen alle Zeilen: wer die Gesamtzahl kennt, erfährt jede der beiden zweimal.`,
    en: `${own} and ${other} together are all rows: who knows the total learns each of the two twice.`,
  }),
  'selection-undecided': ({ other, own }) => ({
    de: `Nicht entschieden, ob sich ${own} und ${other} nur um wenige Zeilen unterscheiden: zu viele Fälle. Bitte von Hand prüfen oder Parameter und Konstanten verringern.`,
    en: `Not decided whether ${own} and ${other} differ by few rows only: too many cases. Check by hand, or reduce parameters and constants.`,
  }),
  'split-overlap': ({ other, column, a, b }) => ({
    de: `Die Einteilung von ${column} ist weder gleich der von ${other} noch ineinander geschachtelt: „${a}“ und „${b}“ überschneiden sich, und Differenzen zeigen ihre Teile. Eine Geografie je Indikator verwenden.`,
    en: `The classes of ${column} are neither equal to those of ${other} nor nested: "${a}" and "${b}" overlap, and differences show their parts. Use one geography per indicator.`,
  }),
  'coarser-total': ({ coarse, fine, within }) => ({
    de: `${within === 'answer' ? 'In derselben Antwort zählt' : 'Es zählt'} ${coarse} dieselben Zeilen gröber als ${fine}: ist in einer Summe genau ein Teil verborgen, folgt er bis auf das Rauschen aus der Differenz. k gilt nicht für Differenzen; dort schützt das Rauschen.`,
    en: `${within === 'answer' ? 'In the same answer ' : ''}${coarse} counts the same rows more coarsely than ${fine}: where exactly one part of a sum is hidden, it follows from the difference up to the noise. k does not hold for differences; there the noise protects.`,
  }),
  'near-duplicate': ({ other, own, measure }) => ({
    de: `„${measure}“ von ${own} bedeutet dasselbe wie in ${other}: es wird zweimal abgebucht, und das Mittel beider Antworten ist genauer als jede.`,
    en: `"${measure}" of ${own} means the same as in ${other}: it is charged twice, and the mean of both answers is more exact than either.`,
  }),
  'cells-hidden': ({ measure, units, k, cut, hidden, cells }) => ({
    de: `„${measure}“: bei gleichmäßiger Verteilung hat jede der ${cells} Zellen etwa ${units} Einheiten; k ist ${k}, sichtbar ab ${cut}. Etwa ${hidden} % der Zellen wären verborgen. Gröber gruppieren oder mehr Genauigkeit bezahlen.`,
    en: `"${measure}": spread evenly, each of the ${cells} cells has about ${units} units; k is ${k}, shown from ${cut}. About ${hidden} % of the cells would be hidden. Group more coarsely, or pay for more precision.`,
  }),
  'cells-unassessed': ({ dataset }) => ({
    de: `Nicht geprüft, wie viele Zellen verborgen wären und ob Grenzen passen: für „${dataset}“ ist keine Zeilenzahl angenommen.`,
    en: `Not assessed how many cells would be hidden and whether clamps fit: no number of rows is assumed for "${dataset}".`,
  }),
  'clamp-dominates': ({ measure, clamp, share, q, mean, units }) => ({
    de: `„${measure}“: eine Einheit kann ${clamp} beitragen, das sind ${share} % der erwarteten Zellsumme (${units} Einheiten zu ${mean} % der Grenze); erlaubt sind ${q} %. Grenze senken oder gröber gruppieren.`,
    en: `"${measure}": a unit can add ${clamp}, which is ${share} % of the expected sum of a cell (${units} units of ${mean} % of the clamp each); ${q} % are allowed. Lower the clamp, or group more coarsely.`,
  }),
  'total-with-hidden-part': ({ axis, other, exact }) => ({
    de: `Die Summe über „${axis}“ ist in der Tabelle verborgen, sobald ein Teil verborgen ist; ${other} gibt ${exact === 'yes' ? 'genau diese Summe' : 'eine gröbere Summe'} aber unabhängig davon frei: ein einzelner verborgener Teil folgt bis auf das Rauschen aus der Differenz.`,
    en: `The table hides its total over "${axis}" as soon as a part is hidden; but ${other} releases ${exact === 'yes' ? 'just that total' : 'a coarser total'} independently: a single hidden part follows from the difference up to the noise.`,
  }),
  'several-cells': ({ cells, decisions, delta, loss }) => ({
    de: `Eine Einheit kann in ${cells} Zellen vorkommen: das Rauschen ist entsprechend größer, und ${decisions} Entscheidungen (δ ${delta}) werden neben ${loss} abgebucht.`,
    en: `A unit can be in ${cells} cells: the noise is that much larger, and ${decisions} decisions (δ ${delta}) are charged beside ${loss}.`,
  }),
  'price-over-cap': ({ population, price, cap }) => ({
    de: `Ein Lauf kostet „${population}“ ${price}, mehr als die Obergrenze ${cap}: die Frage würde nie beantwortet.`,
    en: `A run costs "${population}" ${price}, more than the cap of ${cap}: the question would never be answered.`,
  }),
  'plan-over-cap': ({ population, price, cap, questions }) => ({
    de: `Alle ${questions} Fragen je einmal kosten „${population}“ ${price}, mehr als die Obergrenze ${cap}: nicht alle werden beantwortet.`,
    en: `All ${questions} questions, once each, cost "${population}" ${price}, more than the cap of ${cap}: not all of them will be answered.`,
  }),
  'plan-price': ({ population, price, cap, questions }) => ({
    de: `Alle ${questions} Fragen je einmal kosten „${population}“ ${price} von ${cap}.`,
    en: `All ${questions} questions, once each, cost "${population}" ${price} of ${cap}.`,
  }),
};

/** The text of a finding. */
export function textOf(code: FindingCode, values: Values): Bilingual {
  return words[code](values);
}
