/** The register a data protection officer reads: who asked what, when, why, on what legal basis, at which cost. */

import { legalBasisTitle } from '@reinraum/client';
import { lossText } from '../budget.ts';
import type { OpenRoom } from '../open-room.ts';
import { titlesOf } from '../questions.ts';
import type { RegisterLine, Replayed } from '../replay.ts';
import type { Speech } from '../texts/speech.ts';
import { useSpeech } from '../texts/texts.tsx';

/** The verified part of the log that is about questions, newest first. */
export function Register({ room, outcome }: { readonly room: OpenRoom; readonly outcome: Replayed }) {
  const speech = useSpeech();
  const { t } = speech;
  const columns = ['index', 'at', 'what', 'who', 'question', 'basis', 'cost'] as const;
  if (outcome.register.length === 0) return <p class="kern-body">{t('log.registerNone')}</p>;
  return (
    <>
      <h3 class="kern-heading-small">{t('log.register')}</h3>
      <section class="kern-table-responsive table" aria-label={t('log.register')} tabIndex={0}>
        <table class="kern-table kern-table--small kern-table--striped">
          <thead class="kern-table__head">
            <tr class="kern-table__row">
              {columns.map((column) => (
                <th class="kern-table__header" scope="col" key={column}>
                  {t(`log.column.${column}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody class="kern-table__body">
            {outcome.register.toReversed().map((line) => (
              <tr class="kern-table__row" key={line.index}>
                {cellsOf(line, room, outcome, speech).map((text, at) => (
                  <td class="kern-table__cell" key={columns[at]}>
                    {text}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}

function cellsOf({ index, entry }: RegisterLine, room: OpenRoom, { verdict }: Replayed, speech: Speech): string[] {
  const { t, language, moment, number } = speech;
  const titles = titlesOf(room.client.charter, language);
  const { query } = entry.detail;
  const title = verdict.verified
    ? (verdict.room.queries.get(query)?.query ?? verdict.room.tables.get(query)?.table)?.title[language]
    : undefined;
  const { detail } = entry;
  const basis = [
    'purpose' in detail ? titles.purpose(detail.purpose) : '',
    'legalBasis' in detail ? legalBasisTitle(detail.legalBasis, language) : '',
  ];
  return [
    number(index),
    moment(entry.at),
    t(`log.type.${entry.type}`),
    entry.actor ? titles.unit(entry.actor.unit) : '',
    title ?? `${query.slice(0, 12)}…`,
    basis.filter((part) => part !== '').join('; '),
    'charges' in detail
      ? detail.charges.map((charge) => `${titles.population(charge.population)} ${lossText(charge)}`).join('; ')
      : '',
  ];
}
