/** What a room says of itself, on every screen: its notice, what protects it, who watches it. */
import type { Status } from '@reinraum/protocol';
import { useSpeech } from '../texts/texts.tsx';
import { Badge, Notice } from './notice.tsx';

/** Notice, assurance, witnesses, and that it is stopped where it is. */
export function Trust({ status }: { readonly status: Status }) {
  const { t, language } = useSpeech();
  const isDegraded = status.assurance === 'degraded';
  return (
    <section class="trust" aria-label={t('room.trust')}>
      {status.stopped ? <Notice kind="danger" title={t('room.stopped')} /> : null}
      <p class="trust__notice kern-body">
        <Badge kind="warning">{t('room.notice')}</Badge> {status.notice?.[language]}
      </p>
      <p class="kern-body kern-body--small trust__line">
        <Badge kind={isDegraded ? 'danger' : 'info'}>{t('room.assurance')}</Badge>{' '}
        {t(`room.assurance.${status.assurance}`)}
      </p>
      <p class="kern-body kern-body--small trust__line">
        <Badge kind={status.witnesses === 0 ? 'warning' : 'info'}>{t('room.witnesses')}</Badge>{' '}
        {status.witnesses === 0 ? t('room.witnesses.none') : t('room.witnesses.some', { count: status.witnesses })}
      </p>
    </section>
  );
}
