/** A derived table as the screens show it. */
import { namedSchema } from '@reinraum/client';
import {
  AggregateQuery,
  type Catalogue,
  type DatasetSchema,
  type Derived,
  type DerivedTable,
  type Schemas,
} from '@reinraum/protocol';
import type { ReleaseView } from './release-view.ts';
import type { Language } from './texts/speech.ts';
import { splitLabelTitle, splitTitle } from './titles.ts';

type Axis = DerivedTable['axes'][number];

/** What the titles of a derived table come from. */
export interface TableSources {
  readonly catalogue: Catalogue;
  readonly schemas: Schemas;
}

/** The view of an evaluated table; `k` is the larger minimum of the two releases it is made from. */
export function tableView(
  table: DerivedTable,
  derived: Derived,
  k: number,
  sources: TableSources,
  language: Language,
): ReleaseView {
  const axes = derived.axes.map(({ as, labels }) => {
    const axis = table.axes.find((candidate) => candidate.as === as);
    const key = axis && groupKeyOf(axis, table, sources);
    return {
      id: as,
      title: key ? splitTitle(key.key, key.schema, language) : as,
      labels: labels.map((label) => ({ label, title: labelTitle(label, axis, key, language) })),
    };
  });
  const titleOf = axes.map(({ labels }) => new Map(labels.map(({ label, title }) => [label, title])));
  const scale = 10 ** derived.decimals;
  const { measure } = table;
  return {
    axes,
    columns: [{ id: measure.as, title: measureTitle(table, language), decimals: derived.decimals }],
    k,
    rows: derived.cells.map(({ key, estimate }) => ({
      key,
      titles: key.map((label, at) => titleOf[at]?.get(label) ?? label),
      values: [estimate && { value: estimate.value / scale, low: estimate.low / scale, high: estimate.high / scale }],
      // A change whose range holds 0 is not distinguishable from none (docs/spec/derived.md §3).
      ...(measure.fn === 'change' && estimate ? { word: directionOf(estimate) } : {}),
    })),
  };
}

function directionOf({ low, high }: { readonly low: number; readonly high: number }): 'up' | 'down' | 'same' {
  if (low > 0) return 'up';
  return high < 0 ? 'down' : 'same';
}

function measureTitle({ measure, title }: DerivedTable, language: Language): string {
  if (measure.fn === 'change') return language === 'de' ? 'Veränderung' : 'Change';
  if (measure.per === 1) return title[language];
  if (measure.per === 100) return language === 'de' ? 'Quote (%)' : 'Rate (%)';
  return `${language === 'de' ? 'je' : 'per'} ${measure.per.toLocaleString(language === 'de' ? 'de-DE' : 'en-GB')}`;
}

type Key = { readonly key: AggregateQuery['groupBy'][number]; readonly schema: DatasetSchema | undefined };

/** The group key of a query an axis takes from: one whose labels are taken as they are, where there is one. */
function groupKeyOf({ from, rollup }: Axis, { inputs }: DerivedTable, sources: TableSources): Key | undefined {
  const names = Object.keys(from).toSorted((a, b) => Number(a in rollup) - Number(b in rollup));
  for (const name of names) {
    const listed = sources.catalogue.queries.find(({ digest }) => digest === inputs[name]?.query);
    const query = listed && AggregateQuery.parse(listed.query);
    const key = query?.groupBy.find(({ as }) => as === from[name]);
    if (query && key) return { key, schema: namedSchema(query, sources.schemas) };
  }
  return undefined;
}

function labelTitle(label: string, axis: Axis | undefined, key: Key | undefined, language: Language): string {
  if (axis?.total?.code === label) return axis.total[language];
  const rolled = Object.values(axis?.rollup ?? {}).flat();
  const named = rolled.find(({ code }) => code === label)?.[language];
  return named ?? (key ? splitLabelTitle(label, key.key, key.schema, language) : label);
}
