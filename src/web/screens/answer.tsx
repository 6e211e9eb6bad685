/** An answer: in a sentence, as bars, as a table, as files, with its proof. */
import { type Answered, formatAnswer, formatReceipt, legalBasisTitle, namedSchema } from '@reinraum/client';
import type { AggregateQuery, Catalogue } from '@reinraum/protocol';
import { download } from '../download.ts';
import { useLoaded } from '../loading.ts';
import type { OpenRoom } from '../open-room.ts';
import { Button } from '../parts/button.tsx';
import { Figures } from '../parts/figures.tsx';
import { Heading } from '../parts/heading.tsx';
import { Facts, Notice } from '../parts/notice.tsx';
import { Pending } from '../parts/problem.tsx';
import { Proof } from '../parts/proof.tsx';
import { Retracted } from '../parts/retracted.tsx';
import { today } from '../question-state.ts';
import { questionsOf, titlesOf } from '../questions.ts';
import { parameterName, parameterTitle, type ReleaseView, releaseView } from '../release-view.ts';
import { hrefOf } from '../route.ts';
import { tableFile } from '../table-file.ts';
import { useSpeech } from '../texts/texts.tsx';

/** The last answer to a question, as long as it is in memory. */
export function AnswerScreen({
  room,
  query,
  answered,
}: {
  readonly room: OpenRoom;
  readonly query: string;
  readonly answered: Answered | undefined;
}) {
  const speech = useSpeech();
  const { t } = speech;
  const { loaded } = useLoaded(() => room.catalogue(), [room]);
  const back = (
    <p class="kern-body">
      <a class="kern-link" href={hrefOf({ screen: 'question', room: room.name, query })}>
        {t('answer.back')}
      </a>
    </p>
  );
  if (!answered) {
    return (
      <>
        <Heading>{t('answer.title')}</Heading>
        <Notice kind="info" title={t('answer.none')} />
        {back}
      </>
    );
  }
  if (loaded.state !== 'there') return <Pending of={loaded} />;
  const template = questionsOf(loaded.value, today(), room.client.keys.member).find(
    ({ digest }) => digest === query,
  )?.query;
  if (!template) return back;
  return (
    <>
      <Given room={room} answered={answered} query={template} catalogue={loaded.value} />
      {back}
    </>
  );
}

interface GivenProps {
  readonly room: OpenRoom;
  readonly answered: Answered;
  readonly query: AggregateQuery;
  readonly catalogue: Catalogue;
}

function Given({ room, answered, query, catalogue }: GivenProps) {
  const speech = useSpeech();
  const { t, language, moment } = speech;
  const { release, isRepeat } = answered;
  const schema = namedSchema(query, room.schemas);
  const view = releaseView(release, query, schema, language);
  const parameters = Object.entries(release.parameters).map(
    ([name, value]) =>
      [parameterName(name, query, schema, language), parameterTitle(name, value, query, schema, language)] as const,
  );
  return (
    <>
      <Heading>{query.title[language]}</Heading>
      <p class="kern-body kern-body--large lead">{query.sentence[language]}</p>
      {parameters.length === 0 ? null : <Facts of={parameters} />}
      <p class="kern-body">
        {isRepeat ? t('answer.repeat') : t('answer.charged', { index: release.charged })}{' '}
        {t('answer.of', { at: moment(release.at) })}
      </p>
      <Retracted catalogue={catalogue} charge={release.charged} />
      <Proof room={room} answered={answered} />
      <Figures key={release.charged} view={view} caption={query.title[language]} />
      <Files answered={answered} query={query} catalogue={catalogue} view={view} parameters={parameters} />
    </>
  );
}

type FilesProps = Omit<GivenProps, 'room'> & {
  readonly view: ReleaseView;
  readonly parameters: readonly (readonly [name: string, value: string])[];
};

function Files({ answered, query, catalogue, view, parameters }: FilesProps) {
  const { t, language } = useSpeech();
  const { charter } = catalogue;
  const titles = titlesOf(charter, language);
  const name = `${charter.id}-${query.id}-${answered.accepted.index}`;
  const csv = () =>
    tableFile(view, {
      whole: t('answer.whole'),
      low: t('answer.low'),
      high: t('answer.high'),
      naturalLow: t('answer.naturalLow'),
      naturalHigh: t('answer.naturalHigh'),
      remarks: [
        [t('file.question'), query.title[language]],
        ...parameters,
        [t('file.purpose'), `${titles.purpose(query.purpose)} – ${legalBasisTitle(query.legalBasis, language)}`],
        [t('file.recipient'), query.recipients.map(titles.unit).join('; ')],
        [t('file.entry'), `${answered.accepted.index}`],
        [t('file.legend'), t('answer.legend', { k: view.k })],
        [t('file.notice'), charter.notice[language]],
      ],
    });
  return (
    <section class="card" aria-labelledby="files">
      <h2 class="kern-heading-medium" id="files">
        {t('answer.files')}
      </h2>
      <div class="buttons">
        <Button icon="download" onPress={() => download(`${name}.csv`, 'text/csv;charset=utf-8', csv())}>
          {t('answer.csv')}
        </Button>
        <Button icon="download" onPress={() => download(`${name}.json`, 'application/json', formatAnswer(answered))}>
          {t('answer.document')}
        </Button>
        <Button icon="download" onPress={() => download(`${name}.tlog-proof`, 'text/plain', formatReceipt(answered))}>
          {t('answer.receipt')}
        </Button>
      </div>
    </section>
  );
}
