/** What a question is, and what an answer would cost. */

import { legalBasisTitle } from '@reinraum/client';
import type { AggregateQuery, Charter, DatasetSchema, MeasureFunction, Preview } from '@reinraum/protocol';
import { costText } from '../budget.ts';
import { type Question, titlesOf } from '../questions.ts';
import { useSpeech } from '../texts/texts.tsx';
import { measureTitle, measureUnit } from '../titles.ts';
import { Facts } from './notice.tsx';

/** Purpose, legal basis, recipients, data: what was approved. */
export function About({
  question,
  charter,
  schema,
}: {
  readonly question: Question;
  readonly charter: Charter;
  readonly schema: DatasetSchema | undefined;
}) {
  const { t, language, day } = useSpeech();
  const { query, digest } = question;
  const titles = titlesOf(charter, language);
  const owner = schema === undefined ? '' : ` – ${titles.unit(schema.owner)}`;
  return (
    <section class="card" aria-labelledby="about">
      <h2 class="kern-heading-small" id="about">
        {t('question.about')}
      </h2>
      <Facts
        of={[
          [t('question.purpose'), titles.purpose(query.purpose)],
          [t('question.legalBasis'), legalBasisTitle(query.legalBasis, language)],
          [t('question.recipients'), query.recipients.map(titles.unit).join('; ')],
          [t('question.dataset'), `${schema?.title[language] ?? query.from.dataset}${owner}`],
          ...(query.contribution
            ? [[t('question.maxRows'), t('question.maxRowsValue', { count: query.contribution.maxRows })] as const]
            : []),
          [t('question.expires'), day(query.expires)],
          [t('question.k'), t('question.kValue', { k: query.privacy.k })],
          [t('question.digest'), <code class="digest">{digest}</code>],
        ]}
      />
      <details class="wording">
        <summary class="kern-title kern-title--small">{t('question.template')}</summary>
        <pre class="wording__text" tabIndex={0}>
          {JSON.stringify(query, null, 2)}
        </pre>
      </details>
    </section>
  );
}

/** Price, precision and size of an answer before it is paid for. */
export function PreviewFacts({
  preview,
  query,
  charter,
  schema,
}: {
  readonly preview: Preview;
  readonly query: AggregateQuery;
  readonly charter: Charter;
  readonly schema: DatasetSchema | undefined;
}) {
  const speech = useSpeech();
  const { t, number, percent, language } = speech;
  const many = preview.measures.length > 1;
  const perMeasure = preview.measures.flatMap((measure, at) => {
    const template = query.measures[at];
    const of = many && template ? ` (${measureTitle(template, schema, language)})` : '';
    const { unit, shift } = measureUnit(measure.fn as MeasureFunction, measure.unit, language);
    const width = measure.halfWidth === null ? null : measure.halfWidth * 10 ** shift;
    const decimals = unit === '' ? 0 : 1;
    return [
      [
        `${t('question.precision')}${of}`,
        width === null
          ? t('question.precisionNone')
          : t('question.precisionValue', {
              width: `${number(width, decimals)} ${unit === '%' ? t('question.points') : unit}`.trim(),
            }),
      ],
      [
        `${t('question.visible')}${of}`,
        t('question.visibleValue', {
          units: number(preview.unitsPerCell),
          shown: percent(measure.shown),
          most: number(measure.unitsForMost),
        }),
      ],
    ] as const;
  });
  return (
    <Facts
      of={[
        [t('question.cost'), costText(preview.charges, charter, speech)],
        [t('catalogue.runsLeft'), t('catalogue.runs', { count: preview.runsLeft })],
        [t('question.cells'), t('question.cellsValue', { count: preview.cells })],
        ...perMeasure,
      ]}
    />
  );
}
