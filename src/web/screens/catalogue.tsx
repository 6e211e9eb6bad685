/** The approved questions, and what is left of the budget. */
import type { Catalogue } from '@reinraum/protocol';
import { budgetView, costText, priorOfSentence } from '../budget.ts';
import { useLoaded } from '../loading.ts';
import type { OpenRoom } from '../open-room.ts';
import { Heading } from '../parts/heading.tsx';
import { Badge, Facts } from '../parts/notice.tsx';
import { Pending } from '../parts/problem.tsx';
import { missingText, stateKind, today } from '../question-state.ts';
import { type Question, questionsOf, tablesOf, titlesOf } from '../questions.ts';
import { hrefOf } from '../route.ts';
import { useSpeech } from '../texts/texts.tsx';

/** The catalogue of an open room. */
export function CatalogueScreen({ room }: { readonly room: OpenRoom }) {
  const speech = useSpeech();
  const { t } = speech;
  const { loaded } = useLoaded(() => room.catalogue(), [room]);
  return (
    <>
      <Heading>{t('catalogue.title')}</Heading>
      <p class="kern-body lead">{t('catalogue.lead')}</p>
      {loaded.state === 'there' ? null : <Pending of={loaded} />}
      {loaded.state === 'there' ? <Loaded room={room} catalogue={loaded.value} /> : null}
    </>
  );
}

function Loaded({ room, catalogue }: { readonly room: OpenRoom; readonly catalogue: Catalogue }) {
  const { t, language } = useSpeech();
  const questions = questionsOf(catalogue, today(), room.client.keys.member);
  const purposes = catalogue.charter.purposes.map((purpose) => ({
    ...purpose,
    own: questions.filter(({ query }) => query.purpose === purpose.id),
  }));
  return (
    <>
      <Budgets catalogue={catalogue} />
      {questions.length === 0 ? <p class="kern-body">{t('catalogue.none')}</p> : null}
      {purposes
        .filter(({ own }) => own.length > 0)
        .map(({ id, title, own }) => (
          <section class="group" key={id} aria-labelledby={`purpose-${id}`}>
            <h2 class="kern-heading-medium" id={`purpose-${id}`}>
              {title[language]}
            </h2>
            <ul class="cards">
              {own.map((question) => (
                <QuestionCard key={question.digest} room={room} question={question} catalogue={catalogue} />
              ))}
            </ul>
          </section>
        ))}
      <Tables room={room} catalogue={catalogue} />
    </>
  );
}

function QuestionCard({
  room,
  question,
  catalogue,
}: {
  readonly room: OpenRoom;
  readonly question: Question;
  readonly catalogue: Catalogue;
}) {
  const speech = useSpeech();
  const { t, language } = speech;
  const { query, state, charges, missing, releases, digest, runsLeft } = question;
  const titles = titlesOf(catalogue.charter, language);
  return (
    <li class="card">
      <div class="card__head">
        <h3 class="kern-heading-small">
          <a class="kern-link" href={hrefOf({ screen: 'question', room: room.name, query: digest })}>
            {query.title[language]}
          </a>
        </h3>
        <Badge kind={stateKind(state)}>{t(`state.${state}`)}</Badge>
      </div>
      <p class="kern-body">{query.sentence[language]}</p>
      {missing.length > 0 && state === 'missing' ? (
        <p class="kern-body kern-body--small">
          {t('state.why.missing')} {missing.map((item) => missingText(item, titles, speech)).join('; ')}
        </p>
      ) : null}
      <Facts
        of={[
          [t('catalogue.price'), costText(charges, catalogue.charter, speech)],
          [t('catalogue.runsLeft'), t('catalogue.runs', { count: runsLeft })],
        ]}
      />
      <p class="kern-body kern-body--small kern-body--muted">{t('catalogue.answered', { count: releases })}</p>
    </li>
  );
}

function Tables({ room, catalogue }: { readonly room: OpenRoom; readonly catalogue: Catalogue }) {
  const speech = useSpeech();
  const { t, language } = speech;
  const titles = titlesOf(catalogue.charter, language);
  const tables = tablesOf(catalogue, today(), room.client.keys.member);
  if (tables.length === 0) return null;
  return (
    <>
      <h2 class="kern-heading-medium">{t('table.title')}</h2>
      <p class="kern-body lead">{t('table.lead')}</p>
      <ul class="cards">
        {tables.map(({ digest, table, state, inputs }) => (
          <li class="card" key={digest}>
            <div class="card__head">
              <h3 class="kern-heading-small">
                <a class="kern-link" href={hrefOf({ screen: 'table', room: room.name, query: digest })}>
                  {table.title[language]}
                </a>
              </h3>
              <Badge kind={stateKind(state)}>{t(`state.${state}`)}</Badge>
            </div>
            <p class="kern-body">{table.sentence[language]}</p>
            <Facts
              of={[
                [t('question.purpose'), titles.purpose(table.purpose)],
                [t('table.inputs'), inputs.map(({ query }) => query.title[language]).join('; ')],
              ]}
            />
          </li>
        ))}
      </ul>
    </>
  );
}

function Budgets({ catalogue }: { readonly catalogue: Catalogue }) {
  const { t, language, number, percent } = useSpeech();
  const titles = titlesOf(catalogue.charter, language);
  return (
    <section class="card" aria-labelledby="budget">
      <h2 class="kern-heading-small" id="budget">
        {t('budget.title')}
      </h2>
      <div class="columns">
        {catalogue.balances.map(budgetView).map((view) => (
          <div class="budget" key={view.population}>
            <h3 class="kern-title">{titles.population(view.population)}</h3>
            <div class="kern-progress">
              <label class="kern-label" for={`budget-${view.population}`}>
                {t('budget.spent', { share: percent(view.share) })}
              </label>
              <progress id={`budget-${view.population}`} value={view.share} max={1} />
            </div>
            <p class="kern-body kern-body--small">
              {t(catalogue.charter.accountant.kind === 'zcdp' ? 'budget.rho' : 'budget.epsilon', {
                spent: view.loss.spent,
                cap: view.loss.cap,
                epsilonSpent: number(view.epsilon.spent, 2),
                epsilonCap: number(view.epsilon.cap, 2),
                left: number(view.loss.left, 4),
              })}
            </p>
            <p class="kern-body">
              {view.share === 0
                ? t('budget.untouched')
                : t('budget.sentence', { prior: percent(priorOfSentence), after: percent(view.suspicion) })}
            </p>
            {view.allotments.length === 0 ? null : (
              <>
                <p class="kern-body kern-body--small">{t('budget.allotments')}</p>
                <ul class="kern-body kern-body--small">
                  {view.allotments.map(({ account, loss }) => (
                    <li key={account}>
                      {t('budget.allotment', {
                        whose: titles.account(account),
                        unit: catalogue.charter.accountant.kind === 'zcdp' ? 'ρ' : 'ε',
                        ...loss,
                      })}
                    </li>
                  ))}
                </ul>
              </>
            )}
          </div>
        ))}
      </div>
    </section>
  );
}
