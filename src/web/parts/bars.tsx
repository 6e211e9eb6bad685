/**
 * Bars with their 95 % ranges, drawn by hand: SVG attributes only, so that the content security policy needs no exception,
 * and lengths in percent, so that text keeps its size at any zoom (docs/decisions/0011-web.md).
 */
import { useState } from 'preact/hooks';
import type { ReleaseView, Shown } from '../release-view.ts';
import { useSpeech } from '../texts/texts.tsx';
import { Select } from './select.tsx';

/** A chart of a release: bars along one axis, the other axes held at one label each. */
export function Bars({ view }: { readonly view: ReleaseView }) {
  const { t } = useSpeech();
  const longest = view.axes.reduce(
    (best, axis, at) => (axis.labels.length > (view.axes[best]?.labels.length ?? 0) ? at : best),
    0,
  );
  const [along, setAlong] = useState(longest);
  const [column, setColumn] = useState(0);
  const [held, setHeld] = useState<readonly string[]>(() => view.axes.map(({ labels }) => labels[0]?.label ?? ''));
  const axis = view.axes[along];
  const measure = view.columns[column];
  if (!axis || !measure) return null;
  const rows = view.rows.filter(({ key }) => key.every((label, at) => at === along || label === held[at]));
  const label = t('answer.chartLabel', { column: measure.title, axis: axis.title });
  return (
    <div class="chart">
      <div class="choices">
        {view.columns.length > 1 ? (
          <Select
            label={t('answer.chartValue')}
            value={String(column)}
            options={view.columns.map(({ title }, at) => ({ value: String(at), title }))}
            onChoose={(value) => setColumn(Number(value))}
          />
        ) : null}
        {view.axes.length > 1 ? (
          <Select
            label={t('answer.chartAxis')}
            value={String(along)}
            options={view.axes.map(({ title }, at) => ({ value: String(at), title }))}
            onChoose={(value) => setAlong(Number(value))}
          />
        ) : null}
        {view.axes.map((other, at) =>
          at === along ? null : (
            <Select
              key={other.id}
              label={other.title}
              value={held[at] ?? ''}
              options={other.labels.map((option) => ({ value: option.label, title: option.title }))}
              onChoose={(value) => setHeld(held.map((before, place) => (place === at ? value : before)))}
            />
          ),
        )}
      </div>
      <figure class="bars">
        <div role="img" aria-label={label}>
          <Drawing
            bars={rows.map(({ titles, values }) => ({ title: titles[along] ?? '', shown: values[column] ?? null }))}
            decimals={measure.decimals}
          />
        </div>
        <figcaption class="kern-body kern-body--small">{t('answer.chartLegend')}</figcaption>
      </figure>
    </div>
  );
}

interface Bar {
  readonly title: string;
  readonly shown: Shown | null;
}

function Drawing({ bars, decimals }: { readonly bars: readonly Bar[]; readonly decimals: number }) {
  const { t, number } = useSpeech();
  const ends = bars.flatMap(({ shown }) => (shown ? [shown.low, shown.high, shown.value] : []));
  const low = Math.min(0, ...ends);
  const ticks = ticksUpTo(low, Math.max(1, ...ends));
  const top = ticks.at(-1) ?? 1;
  const percent = (value: number) => `${(((value - low) / (top - low)) * 100).toFixed(3)}%`;
  const width = (from: number, to: number) => `${((Math.abs(to - from) / (top - low)) * 100).toFixed(3)}%`;
  return (
    <div class="bars__grid" aria-hidden="true">
      {bars.map(({ title, shown }) => (
        <div class="bars__row" key={title}>
          <span class="bars__label">{title}</span>
          <svg class="bars__bar" width="100%" height="24" focusable="false">
            {ticks.map((tick) => (
              <line key={tick} class="bars__tick" x1={percent(tick)} x2={percent(tick)} y1="0" y2="24" />
            ))}
            {shown ? (
              <>
                <rect
                  class="bars__value"
                  x={percent(Math.min(0, shown.value))}
                  width={width(0, shown.value)}
                  y="4"
                  height="16"
                />
                <line class="bars__range" x1={percent(shown.low)} x2={percent(shown.high)} y1="12" y2="12" />
                <line class="bars__range" x1={percent(shown.low)} x2={percent(shown.low)} y1="7" y2="17" />
                <line class="bars__range" x1={percent(shown.high)} x2={percent(shown.high)} y1="7" y2="17" />
              </>
            ) : null}
          </svg>
          <span class="bars__number">{shown ? number(shown.value, decimals) : `. ${t('answer.hidden')}`}</span>
        </div>
      ))}
      <div class="bars__row">
        <span />
        <svg class="bars__bar" width="100%" height="24" focusable="false">
          {ticks.map((tick, at) => (
            <text
              key={tick}
              class="bars__scale"
              x={percent(tick)}
              y="16"
              text-anchor={at === 0 ? 'start' : at === ticks.length - 1 ? 'end' : 'middle'}
            >
              {number(tick, decimals)}
            </text>
          ))}
        </svg>
        <span />
      </div>
    </div>
  );
}

/** Three to six round numbers from `low` to at least `high`. */
function ticksUpTo(low: number, high: number): number[] {
  const raw = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= raw) ?? raw;
  const first = Math.floor(low / step);
  const last = Math.ceil(high / step);
  return Array.from({ length: last - first + 1 }, (_, at) => Number(((first + at) * step).toPrecision(12)));
}
