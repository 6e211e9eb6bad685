/** One derived table: what it is made from, computing it, and the result. */
import { type AnsweredTable, askTable, formatAnswer, legalBasisTitle, namedSchema } from '@reinraum/client';
import type { Catalogue, Parameters } from '@reinraum/protocol';
import { useState } from 'preact/hooks';
import { costText } from '../budget.ts';
import { download } from '../download.ts';
import { useLoaded } from '../loading.ts';
import type { OpenRoom } from '../open-room.ts';
import { Button } from '../parts/button.tsx';
import { Choices, firstChoice } from '../parts/choices.tsx';
import { Confirm } from '../parts/confirm.tsx';
import { Figures } from '../parts/figures.tsx';
import { Heading } from '../parts/heading.tsx';
import { Badge, Facts, Notice } from '../parts/notice.tsx';
import { Oversight } from '../parts/oversight.tsx';
import { Pending, Problem } from '../parts/problem.tsx';
import { Proof } from '../parts/proof.tsx';
import { Retracted } from '../parts/retracted.tsx';
import { missingText, stateKind, today } from '../question-state.ts';
import { type ListedTable, tablesOf, titlesOf } from '../questions.ts';
import { parameterName, parameterTitle } from '../release-view.ts';
import { tableFile } from '../table-file.ts';
import { tableView } from '../table-view.ts';
import { useSpeech } from '../texts/texts.tsx';

/** The table with this digest. */
export function TableScreen({ room, digest }: { readonly room: OpenRoom; readonly digest: string }) {
  const speech = useSpeech();
  const { t } = speech;
  const { loaded, reload } = useLoaded(() => room.catalogue(), [room]);
  if (loaded.state !== 'there') return <Pending of={loaded} />;
  const listed = tablesOf(loaded.value, today(), room.client.keys.member).find(
    (candidate) => candidate.digest === digest,
  );
  if (!listed) return <Notice kind="warning" title={t('catalogue.none')} />;
  return <Known room={room} listed={listed} catalogue={loaded.value} onChange={reload} />;
}

interface KnownProps {
  readonly room: OpenRoom;
  readonly listed: ListedTable;
  readonly catalogue: Catalogue;
  readonly onChange: () => void;
}

function Known({ room, listed, catalogue, onChange }: KnownProps) {
  const speech = useSpeech();
  const { t, language, day } = speech;
  const { table, state, inputs, missing, digest } = listed;
  const { charter } = catalogue;
  const titles = titlesOf(charter, language);
  const [answered, setAnswered] = useState<AnsweredTable>();
  return (
    <>
      <div class="card__head">
        <Heading>{table.title[language]}</Heading>
        <Badge kind={stateKind(state)}>{t(`state.${state}`)}</Badge>
      </div>
      <p class="kern-body kern-body--large lead">{table.sentence[language]}</p>
      {state === 'open' ? null : (
        <Notice kind={state === 'revoked' ? 'danger' : 'warning'} title={t(`state.${state}`)}>
          <p>
            {t(`state.why.${state}`)} {missing.map((item) => missingText(item, titles, speech)).join('; ')}
          </p>
        </Notice>
      )}
      <section class="card" aria-labelledby="about">
        <h2 class="kern-heading-small" id="about">
          {t('question.about')}
        </h2>
        <Facts
          of={[
            [t('question.purpose'), titles.purpose(table.purpose)],
            [t('question.legalBasis'), legalBasisTitle(table.legalBasis, language)],
            [t('question.recipients'), table.recipients.map(titles.unit).join('; ')],
            [t('question.expires'), day(table.expires)],
            [
              t('table.inputs'),
              <ul class="inputs">
                {inputs.map(({ query, charges, digest: input }) => (
                  <li key={input}>
                    {t('table.input', { title: query.title[language], cost: costText(charges, charter, speech) })}
                  </li>
                ))}
              </ul>,
            ],
            [t('question.digest'), <code class="digest">{digest}</code>],
          ]}
        />
        <Compute
          room={room}
          listed={listed}
          catalogue={catalogue}
          onAnswer={(given) => {
            setAnswered(given);
            onChange();
          }}
        />
      </section>
      {answered ? <Computed room={room} listed={listed} catalogue={catalogue} answered={answered} /> : null}
      <Oversight room={room} question={listed} onChange={onChange} />
    </>
  );
}

type ComputeProps = Omit<KnownProps, 'onChange'> & { readonly onAnswer: (answered: AnsweredTable) => void };

function Compute({ room, listed, catalogue, onAnswer }: ComputeProps) {
  const speech = useSpeech();
  const { t, language } = speech;
  const { table, inputs, state, digest } = listed;
  const [parameters, setParameters] = useState<Parameters>(() => firstChoice(table.params));
  const [isAsked, setAsked] = useState(false);
  const [isRunning, setRunning] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const { roles, unit } = room.client.keys.member;
  if (!roles.includes('analyst')) return <p class="kern-body">{t('question.notAnalyst')}</p>;
  if (!table.recipients.includes(unit)) return <p class="kern-body">{t('question.notRecipient')}</p>;
  if (state !== 'open') return null;
  const run = async () => {
    setRunning(true);
    setProblem(undefined);
    try {
      onAnswer(await askTable(room.client, digest, parameters));
    } catch (error) {
      setProblem(error);
    }
    setRunning(false);
  };
  // A parameter is called what the first input it is handed to calls it.
  const source = (name: string) => {
    for (const { query: input, parameters: handed } of Object.values(table.inputs)) {
      const inner = Object.entries(handed).find(([, value]) => value === `$${name}`)?.[0];
      const query = inputs.find((candidate) => candidate.digest === input)?.query;
      if (inner !== undefined && query) return { inner, query, schema: namedSchema(query, room.schemas) };
    }
    return undefined;
  };
  return (
    <>
      <div class="choices">
        <Choices
          params={table.params}
          chosen={parameters}
          labelOf={(name) => {
            const from = source(name);
            return from ? parameterName(from.inner, from.query, from.schema, language) : name;
          }}
          titleOf={(name, value) => {
            const from = source(name);
            return from ? parameterTitle(from.inner, value, from.query, from.schema, language) : String(value);
          }}
          onChoose={setParameters}
        />
      </div>
      <Button rank="primary" disabled={isRunning} onPress={() => setAsked(true)}>
        {t('table.run')}
      </Button>
      {isRunning ? <Notice kind="info" title={t('question.running')} live /> : null}
      <Problem of={problem} />
      {isAsked ? (
        <Confirm
          title={t('table.confirm')}
          yes={t('table.confirmYes')}
          onYes={() => void run()}
          onClose={() => setAsked(false)}
        >
          <ul>
            {inputs.map(({ query, charges, digest: input }) => (
              <li key={input}>
                {t('table.input', {
                  title: query.title[language],
                  cost: costText(charges, catalogue.charter, speech),
                })}
              </li>
            ))}
          </ul>
        </Confirm>
      ) : null}
    </>
  );
}

type ComputedProps = Omit<KnownProps, 'onChange'> & { readonly answered: AnsweredTable };

function Computed({ room, listed, catalogue, answered }: ComputedProps) {
  const { t, language } = useSpeech();
  const { table, inputs } = listed;
  const { charter } = catalogue;
  const titles = titlesOf(charter, language);
  const answers = [...answered.answers];
  const k = Math.max(...answers.map(([, { release }]) => release.k));
  const view = tableView(table, answered.derived, k, { catalogue, schemas: room.schemas }, language);
  const titleOf = (digest: string) => inputs.find((input) => input.digest === digest)?.query.title[language] ?? '';
  const direction = {
    title: t('answer.direction'),
    words: { up: t('direction.up'), down: t('direction.down'), same: t('direction.same') },
  };
  const csv = () =>
    tableFile(view, {
      ...(table.measure.fn === 'change' ? { direction } : {}),
      whole: t('answer.whole'),
      low: t('answer.low'),
      high: t('answer.high'),
      naturalLow: t('answer.naturalLow'),
      naturalHigh: t('answer.naturalHigh'),
      remarks: [
        [t('file.question'), table.title[language]],
        [t('file.purpose'), `${titles.purpose(table.purpose)} – ${legalBasisTitle(table.legalBasis, language)}`],
        [t('file.recipient'), table.recipients.map(titles.unit).join('; ')],
        [t('file.entry'), answers.map(([, { accepted }]) => accepted.index).join(', ')],
        [t('file.legend'), t('answer.legend', { k })],
        [t('file.notice'), charter.notice[language]],
      ],
    });
  return (
    <>
      {answers.map(([name, { release, isRepeat }]) => (
        <p class="kern-body" key={name}>
          {isRepeat
            ? t('table.repeat', { title: titleOf(release.query) })
            : t('table.charged', { title: titleOf(release.query), index: release.charged })}
        </p>
      ))}
      {answers.map(([name, { release }]) => (
        <Retracted key={name} catalogue={catalogue} charge={release.charged} />
      ))}
      {answers.map(([name, answer]) => (
        <Proof key={name} room={room} answered={answer} />
      ))}
      <Figures
        key={answers.map(([, { release }]) => release.charged).join()}
        view={view}
        caption={table.title[language]}
      />
      <section class="card" aria-labelledby="files">
        <h2 class="kern-heading-medium" id="files">
          {t('answer.files')}
        </h2>
        <div class="buttons">
          <Button
            icon="download"
            onPress={() => download(`${charter.id}-${table.id}.csv`, 'text/csv;charset=utf-8', csv())}
          >
            {t('answer.csv')}
          </Button>
          {answers.map(([name, answer]) => (
            <Button
              key={name}
              icon="download"
              onPress={() =>
                download(`${charter.id}-${table.id}-${name}.json`, 'application/json', formatAnswer(answer))
              }
            >
              {`${t('answer.document')}: ${titleOf(answer.release.query)}`}
            </Button>
          ))}
        </div>
      </section>
    </>
  );
}
