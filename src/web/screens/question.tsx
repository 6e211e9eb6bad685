/** One question: what it is, what it would cost and give, and asking it. */
import { type Answered, ask, namedSchema } from '@reinraum/client';
import type { Catalogue, Parameters } from '@reinraum/protocol';
import { useState } from 'preact/hooks';
import { costText } from '../budget.ts';
import { useLoaded } from '../loading.ts';
import type { OpenRoom } from '../open-room.ts';
import { About, PreviewFacts } from '../parts/about.tsx';
import { Button } from '../parts/button.tsx';
import { Choices, firstChoice } from '../parts/choices.tsx';
import { Confirm } from '../parts/confirm.tsx';
import { Heading } from '../parts/heading.tsx';
import { Badge, Notice } from '../parts/notice.tsx';
import { Oversight } from '../parts/oversight.tsx';
import { Pending, Problem } from '../parts/problem.tsx';
import { missingText, stateKind, today } from '../question-state.ts';
import { type Question, questionsOf, titlesOf } from '../questions.ts';
import { parameterName, parameterTitle } from '../release-view.ts';
import { hrefOf } from '../route.ts';
import { useSpeech } from '../texts/texts.tsx';

interface QuestionProps {
  readonly room: OpenRoom;
  readonly digest: string;
  readonly isAnswered: boolean;
  readonly onAnswer: (answered: Answered) => void;
}

/** The question with this digest. */
export function QuestionScreen(props: QuestionProps) {
  const speech = useSpeech();
  const { t } = speech;
  const { room, digest } = props;
  const { loaded, reload } = useLoaded(() => room.catalogue(), [room]);
  if (loaded.state !== 'there') return <Pending of={loaded} />;
  const question = questionsOf(loaded.value, today(), room.client.keys.member).find(
    (candidate) => candidate.digest === digest,
  );
  if (!question) return <Notice kind="warning" title={t('catalogue.none')} />;
  return <Known {...props} question={question} catalogue={loaded.value} onChange={reload} />;
}

interface KnownProps extends QuestionProps {
  readonly question: Question;
  readonly catalogue: Catalogue;
  readonly onChange: () => void;
}

function Known({ room, digest, question, catalogue, isAnswered, onAnswer, onChange }: KnownProps) {
  const speech = useSpeech();
  const { t, language } = speech;
  const { query, state, missing } = question;
  const titles = titlesOf(catalogue.charter, language);
  const schema = namedSchema(query, room.schemas);
  return (
    <>
      <div class="card__head">
        <Heading>{query.title[language]}</Heading>
        <Badge kind={stateKind(state)}>{t(`state.${state}`)}</Badge>
      </div>
      <p class="kern-body kern-body--large lead">{query.sentence[language]}</p>
      {state === 'open' ? null : (
        <Notice kind={stateKind(state) === 'danger' ? 'danger' : 'warning'} title={t(`state.${state}`)}>
          <p>{t(`state.why.${state}`, { index: question.suspended ?? 0 })}</p>
          {state === 'missing' ? (
            <ul>
              {missing.map((item) => (
                <li key={item}>{missingText(item, titles, speech)}</li>
              ))}
            </ul>
          ) : null}
        </Notice>
      )}
      <div class="columns">
        <Run room={room} question={question} catalogue={catalogue} onAnswer={onAnswer} onChange={onChange} />
        <About question={question} charter={catalogue.charter} schema={schema} />
      </div>
      {isAnswered ? (
        <p class="kern-body">
          <a class="kern-link" href={hrefOf({ screen: 'answer', room: room.name, query: digest })}>
            {t('question.last')}
          </a>
        </p>
      ) : null}
      <Oversight room={room} question={question} onChange={onChange} />
    </>
  );
}

interface RunProps {
  readonly room: OpenRoom;
  readonly question: Question;
  readonly catalogue: Catalogue;
  readonly onAnswer: (answered: Answered) => void;
  readonly onChange: () => void;
}

/** Choosing parameters, seeing the price, asking. */
function Run({ room, question, catalogue, onAnswer, onChange }: RunProps) {
  const speech = useSpeech();
  const { t, language } = speech;
  const { query, digest, state } = question;
  const schema = namedSchema(query, room.schemas);
  const [parameters, setParameters] = useState<Parameters>(() => firstChoice(query.params));
  const [isAsked, setAsked] = useState(false);
  const [isRunning, setRunning] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const preview = useLoaded(() => room.preview(digest, parameters), [room, digest, parameters]).loaded;
  const { roles, unit } = room.client.keys.member;
  const hindrance = !roles.includes('analyst')
    ? t('question.notAnalyst')
    : query.recipients.includes(unit)
      ? undefined
      : t('question.notRecipient');
  // A stored answer is delivered although the budget is used up.
  const isRunnable = hindrance === undefined && (state === 'open' || state === 'exhausted');
  const run = async () => {
    setRunning(true);
    setProblem(undefined);
    try {
      onAnswer(await ask(room.client, digest, query.purpose, parameters));
    } catch (error) {
      setProblem(error);
      setRunning(false);
      onChange();
    }
  };
  return (
    <section class="card" aria-labelledby="preview">
      {Object.entries(query.params).length === 0 ? null : (
        <fieldset class="choices">
          <legend class="kern-heading-small">{t('question.parameters')}</legend>
          <Choices
            params={query.params}
            chosen={parameters}
            labelOf={(name) => parameterName(name, query, schema, language)}
            titleOf={(name, value) => parameterTitle(name, value, query, schema, language)}
            onChoose={setParameters}
          />
        </fieldset>
      )}
      <h2 class="kern-heading-small" id="preview">
        {t('question.preview')}
      </h2>
      <p class="kern-body kern-body--small">{t('question.previewLead')}</p>
      {preview.state === 'there' ? (
        <PreviewFacts preview={preview.value} query={query} charter={catalogue.charter} schema={schema} />
      ) : (
        <Pending of={preview} />
      )}
      {hindrance === undefined ? null : <p class="kern-body">{hindrance}</p>}
      {isRunnable ? (
        <Button rank="primary" disabled={isRunning} onPress={() => setAsked(true)}>
          {t('question.run')}
        </Button>
      ) : null}
      {isRunning ? <Notice kind="info" title={t('question.running')} live /> : null}
      <Problem of={problem} />
      {isAsked ? (
        <Confirm
          title={t('question.confirm')}
          yes={t('question.confirmYes')}
          onYes={() => void run()}
          onClose={() => setAsked(false)}
        >
          <p>
            {t('question.confirmCost', {
              cost: costText(question.charges, catalogue.charter, speech),
              runs: t('catalogue.runs', { count: Math.max(0, question.runsLeft - 1) }),
            })}
          </p>
          <p>{t('question.confirmRepeat')}</p>
        </Confirm>
      ) : null}
    </section>
  );
}
