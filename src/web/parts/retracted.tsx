/** That an answer was taken back, where it was: above everything else about it. */
import type { Catalogue } from '@reinraum/protocol';
import { useSpeech } from '../texts/texts.tsx';
import { Notice } from './notice.tsx';

/** The retraction of the release a charge paid for; nothing where there is none. */
export function Retracted({ catalogue, charge }: { readonly catalogue: Catalogue; readonly charge: number }) {
  const { t, moment } = useSpeech();
  const retraction = catalogue.retractions.find((candidate) => candidate.charge === charge);
  if (!retraction) return null;
  return (
    <Notice kind="danger" title={t('retracted.title')} live>
      <p>{t('retracted.text', { at: moment(retraction.at), reason: t(`retracted.${retraction.reason}`) })}</p>
    </Notice>
  );
}
