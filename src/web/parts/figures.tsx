/** A table in a sentence, as bars and as a table. */
import { useState } from 'preact/hooks';
import type { ReleaseView } from '../release-view.ts';
import { useSpeech } from '../texts/texts.tsx';
import { Bars } from './bars.tsx';
import { Button } from './button.tsx';
import { ResultTable } from './result-table.tsx';

/** Everything that is shown of a table, whatever it was made from. */
export function Figures({ view, caption }: { readonly view: ReleaseView; readonly caption: string }) {
  const { t } = useSpeech();
  const [isNatural, setNatural] = useState(false);
  const hasNatural = view.columns.some(({ hasNatural }) => hasNatural);
  const hidden = view.rows.filter(({ values }) => values.includes(null)).length;
  return (
    <>
      <Example view={view} />
      <section class="card" aria-labelledby="chart">
        <h2 class="kern-heading-medium" id="chart">
          {t('answer.chart')}
        </h2>
        <Bars view={view} />
      </section>
      <section class="card" aria-labelledby="table">
        <h2 class="kern-heading-medium" id="table">
          {t('answer.table')}
        </h2>
        <p class="kern-body">
          {t('answer.hiddenCount', { count: hidden, all: view.rows.length })} {t('answer.legend', { k: view.k })}
        </p>
        <p class="kern-body">{t(isNatural ? 'answer.legendNatural' : 'answer.legendRange')}</p>
        {hasNatural ? (
          <Button rank="secondary" onPress={() => setNatural(!isNatural)}>
            {t(isNatural ? 'answer.withoutNatural' : 'answer.withNatural')}
          </Button>
        ) : null}
        {view.levels ? <p class="kern-body">{t('answer.legendWhole')}</p> : null}
        <ResultTable view={view} caption={caption} isNatural={isNatural} />
        {view.levels?.map((level) => {
          const titles = level.axes.map(({ title }) => title).join(' · ');
          return (
            <div key={titles}>
              <h3 class="kern-heading-small">{titles}</h3>
              <ResultTable view={level} caption={`${caption}: ${titles}`} isNatural={isNatural} />
            </div>
          );
        })}
      </section>
    </>
  );
}

/** One cell in a sentence, so that everybody knows how to read the others. */
function Example({ view }: { readonly view: ReleaseView }) {
  const { t, number } = useSpeech();
  const row = view.rows.find(({ values }) => values[0] !== null);
  const shown = row?.values[0];
  if (!row || !shown) return null;
  const decimals = view.columns[0]?.decimals ?? 0;
  const key = view.axes.map(({ title }, at) => `${title} ${row.titles[at]}`).join(' · ');
  return (
    <p class="kern-body kern-body--bold">
      {t('answer.example', { key, low: number(shown.low, decimals), high: number(shown.high, decimals) })}
    </p>
  );
}
