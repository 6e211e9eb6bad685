/** What owners and data protection officers do with a question or table: approve it, stop it for good, or let it go on. */
import { partyOf } from '@reinraum/protocol';
import { useState } from 'preact/hooks';
import type { OpenRoom } from '../open-room.ts';
import { useSpeech } from '../texts/texts.tsx';
import { Button } from './button.tsx';
import { Confirm } from './confirm.tsx';
import { Problem } from './problem.tsx';

type Act = 'approve' | 'revoke' | 'clear';

/** The buttons, for members who may use them; nothing for others. */
export function Oversight({
  room,
  question,
  onChange,
}: {
  readonly room: OpenRoom;
  readonly question: {
    readonly digest: string;
    readonly missing: readonly string[];
    readonly state: string;
    readonly suspended?: number | null;
  };
  readonly onChange: () => void;
}) {
  const speech = useSpeech();
  const { t } = speech;
  const [act, setAct] = useState<Act>();
  const [problem, setProblem] = useState<unknown>();
  const { roles, unit } = room.client.keys.member;
  const isWanted = question.missing.some(
    (missing) =>
      (missing === `owner ${unit}` && roles.includes('owner')) ||
      (missing === `dpo ${partyOf(unit)}` && roles.includes('dpo')),
  );
  const mayRevoke = question.state !== 'revoked' && roles.some((role) => role !== 'analyst');
  const { suspended = null } = question;
  const mayClear = suspended !== null && question.state !== 'revoked' && roles.includes('dpo');
  if (!mayRevoke && !isWanted) return null;
  const sign = async (wanted: Act) => {
    setProblem(undefined);
    try {
      const { digest: query } = question;
      if (wanted === 'clear') await room.client.act('query.clear', { query, failed: suspended ?? 0 });
      else await room.client.act(`query.${wanted}`, { query });
      onChange();
    } catch (error) {
      setProblem(error);
    }
  };
  return (
    <section class="card" aria-labelledby="oversight">
      <h2 class="kern-heading-small" id="oversight">
        {t('question.oversight')}
      </h2>
      <div class="buttons">
        {isWanted && question.state !== 'revoked' ? (
          <Button rank="primary" onPress={() => setAct('approve')}>
            {t('question.approve')}
          </Button>
        ) : null}
        {mayClear ? (
          <Button rank="primary" onPress={() => setAct('clear')}>
            {t('question.clear')}
          </Button>
        ) : null}
        {mayRevoke ? <Button onPress={() => setAct('revoke')}>{t('question.revoke')}</Button> : null}
      </div>
      <Problem of={problem} />
      {act === undefined ? null : (
        <Confirm
          title={t(`question.${act}Confirm`)}
          yes={t(`question.${act}Yes`)}
          onYes={() => void sign(act)}
          onClose={() => setAct(undefined)}
        >
          <p>{t(`question.${act}Text`)}</p>
        </Confirm>
      )}
    </section>
  );
}
