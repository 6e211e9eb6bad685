/** What a screen shows in place of something that failed or is not there yet. */
import type { Loaded } from '../loading.ts';
import { evidenceText, isOpen, problemText } from '../problem-text.ts';
import { useSpeech } from '../texts/texts.tsx';
import { Notice } from './notice.tsx';

/** An error in words, announced; nothing where there is none. */
export function Problem({ of }: { readonly of: unknown }) {
  const speech = useSpeech();
  if (of === undefined) return null;
  return (
    <Notice kind="danger" title={speech.t('problem.title')} live>
      <p>{problemText(of, speech)}</p>
    </Notice>
  );
}

/** Why a proof failed, under a title that says what is wrong; a warning only where nothing is known, as the room did not answer. */
export function Disproved({ of, title }: { readonly of: unknown; readonly title: string }) {
  const speech = useSpeech();
  const isUnknown = isOpen(of);
  return (
    <Notice kind={isUnknown ? 'warning' : 'danger'} title={isUnknown ? speech.t('problem.title') : title} live>
      <p>{isUnknown ? problemText(of, speech) : evidenceText(of, speech)}</p>
    </Notice>
  );
}

/** That something is being loaded, or why it could not be. */
export function Pending({ of }: { readonly of: Exclude<Loaded<unknown>, { readonly state: 'there' }> }) {
  const { t } = useSpeech();
  return of.state === 'failed' ? <Problem of={of.error} /> : <p class="kern-body">{t('app.loading')}</p>;
}
