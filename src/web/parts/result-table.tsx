/** A release as a table: the text alternative of every chart. */
import type { ReleaseView, Shown } from '../release-view.ts';
import { useSpeech } from '../texts/texts.tsx';

interface ResultTableProps {
  readonly view: ReleaseView;
  readonly caption: string;
  /** Whether ranges hold natural variation, where that is defined. */
  readonly isNatural: boolean;
}

/** All cells; hidden ones are "." with the word behind it for screen readers, never 0. */
export function ResultTable({ view, caption, isNatural }: ResultTableProps) {
  const { t, number } = useSpeech();
  const hasWords = view.rows.some(({ word }) => word !== undefined);
  const addsUp = view.rows.some(({ whole }) => whole !== undefined);
  return (
    <section class="kern-table-responsive table" aria-label={t('answer.tableLabel')} tabIndex={0}>
      <table class="kern-table kern-table--small kern-table--striped">
        <caption class="kern-sr-only">{caption}</caption>
        <thead class="kern-table__head">
          <tr class="kern-table__row">
            {view.axes.map(({ id, title }) => (
              <th class="kern-table__header" scope="col" key={id}>
                {title}
              </th>
            ))}
            {view.columns.map(({ id, title }) => [
              <th class="kern-table__header kern-table__header--numeric" scope="col" key={id}>
                {title}
              </th>,
              <th class="kern-table__header kern-table__header--numeric" scope="col" key={`${id}-range`}>
                {t(isNatural ? 'answer.rangeNatural' : 'answer.range')}
              </th>,
            ])}
            {addsUp ? (
              <th class="kern-table__header kern-table__header--numeric" scope="col">
                {t('answer.whole')}
              </th>
            ) : null}
            {hasWords ? (
              <th class="kern-table__header" scope="col">
                {t('answer.direction')}
              </th>
            ) : null}
          </tr>
        </thead>
        <tbody class="kern-table__body">
          {view.rows.map(({ key, titles, values, word, whole }) => (
            <tr class="kern-table__row" key={key.join('|')}>
              {titles.map((title, at) =>
                at === 0 ? (
                  <th class="kern-table__header" scope="row" key={view.axes[at]?.id}>
                    {title}
                  </th>
                ) : (
                  <td class="kern-table__cell" key={view.axes[at]?.id}>
                    {title}
                  </td>
                ),
              )}
              {values.map((shown, at) => {
                const { id = '', decimals = 0 } = view.columns[at] ?? {};
                return [
                  <td class="kern-table__cell kern-table__cell--numeric" key={id}>
                    {shown ? number(shown.value, decimals) : <Hidden />}
                  </td>,
                  <td class="kern-table__cell kern-table__cell--numeric" key={`${id}-range`}>
                    <Range shown={shown} decimals={decimals} isNatural={isNatural} />
                  </td>,
                ];
              })}
              {addsUp ? (
                <td class="kern-table__cell kern-table__cell--numeric">
                  {typeof whole?.value === 'number' ? number(whole.value, 0) : <Hidden />}
                  {whole?.isOutside ? ' *' : ''}
                </td>
              ) : null}
              {hasWords ? <td class="kern-table__cell">{word === undefined ? '' : t(`direction.${word}`)}</td> : null}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

interface RangeProps {
  readonly shown: Shown | null;
  readonly decimals: number;
  readonly isNatural: boolean;
}

function Range({ shown, decimals, isNatural }: RangeProps) {
  const { t, number } = useSpeech();
  if (!shown) return <Hidden />;
  const range = isNatural ? shown.natural?.() : shown;
  if (!range) return <span title={t('answer.noNatural')}>–</span>;
  return <>{`${number(range.low, decimals)} – ${number(range.high, decimals)}`}</>;
}

function Hidden() {
  const { t } = useSpeech();
  return (
    <>
      <span aria-hidden="true">.</span>
      <span class="kern-sr-only">{t('answer.hidden')}</span>
    </>
  );
}
