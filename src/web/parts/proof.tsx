/** Whether an answer is what it claims to be, verified while one looks. */
import { type Answered, formatAnswer } from '@reinraum/client';
import { useLoaded } from '../loading.ts';
import type { OpenRoom } from '../open-room.ts';
import { prove } from '../proof.ts';
import { useSpeech } from '../texts/texts.tsx';
import { Notice } from './notice.tsx';
import { Disproved } from './problem.tsx';

/** The verdict about an answer. */
export function Proof({ room, answered }: { readonly room: OpenRoom; readonly answered: Answered }) {
  const { t, number } = useSpeech();
  const { loaded } = useLoaded(() => prove(room, formatAnswer(answered)), [room, answered]);
  if (loaded.state === 'waiting') return <p class="kern-body">{t('answer.verifying')}</p>;
  if (loaded.state === 'failed') return <Disproved of={loaded.error} title={t('answer.notVerified')} />;
  const { index, checkpoint } = loaded.value;
  return (
    <Notice kind="success" title={t('answer.verified')} live>
      <p>{t('answer.verifiedText', { index: number(index), size: number(checkpoint.size) })}</p>
    </Notice>
  );
}
