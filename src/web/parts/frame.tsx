/** What every screen has around it: skip link, header, sections, the room's own word, footer. */
import type { Status } from '@reinraum/protocol';
import type { ComponentChildren } from 'preact';
import type { OpenRoom } from '../open-room.ts';
import { titlesOf } from '../questions.ts';
import { hrefOf, type Route } from '../route.ts';
import { useSpeech } from '../texts/texts.tsx';
import { Button } from './button.tsx';
import { Trust } from './trust.tsx';

/** The page around a screen. `room` is there once a key has opened it. */
export function Frame({
  route,
  room,
  status,
  onForget,
  children,
}: {
  readonly route: Route;
  readonly room: OpenRoom | undefined;
  readonly status: Status | undefined;
  readonly onForget: () => void;
  readonly children: ComponentChildren;
}) {
  const { t, toggle, language } = useSpeech();
  return (
    <>
      <a
        class="skip kern-link"
        href="#content"
        onClick={(event) => {
          // The address behind `#` is the route.
          event.preventDefault();
          document.getElementById('content')?.focus();
        }}
      >
        {t('app.skip')}
      </a>
      <header class="header">
        <div class="page header__row">
          <a class="header__brand" href={hrefOf({ screen: 'rooms' })}>
            <span class="header__name">{t('app.name')}</span>
            <span class="header__room">{status?.title?.[language] ?? t('app.claim')}</span>
          </a>
          <div class="header__tools">
            {room ? <Member room={room} /> : null}
            {room ? (
              <Button rank="tertiary" icon="logout" onPress={onForget}>
                {t('app.forget')}
              </Button>
            ) : null}
            <Button rank="tertiary" icon="language" lang={language === 'de' ? 'en' : 'de'} onPress={toggle}>
              {t('app.language')}
            </Button>
          </div>
        </div>
        {room ? <Sections route={route} room={room} /> : null}
      </header>
      <div class="page">
        {status?.founded ? <Trust status={status} /> : null}
        <main id="content" tabIndex={-1}>
          {children}
        </main>
      </div>
      <footer class="footer">
        <p class="page kern-body kern-body--small">{t('app.footer')}</p>
      </footer>
    </>
  );
}

function Member({ room }: { readonly room: OpenRoom }) {
  const { t, language } = useSpeech();
  const { unit, roles } = room.client.keys.member;
  return (
    <p class="header__member kern-body kern-body--small">
      {t('app.as', { unit: titlesOf(room.client.charter, language).unit(unit) })}
      <br />
      {t('app.roles', { roles: roles.map((role) => t(`role.${role}`)).join(', ') })}
    </p>
  );
}

function Sections({ route, room }: { readonly route: Route; readonly room: OpenRoom }) {
  const { t } = useSpeech();
  const links = [
    { screen: 'catalogue', title: t('app.questions'), isHere: route.screen !== 'log' },
    { screen: 'log', title: t('app.log'), isHere: route.screen === 'log' },
  ] as const;
  return (
    <nav class="page sections" aria-label={t('app.nav')}>
      {links.map(({ screen, title, isHere }) => (
        <a
          key={screen}
          class="sections__link"
          href={hrefOf({ screen, room: room.name })}
          aria-current={isHere ? 'page' : undefined}
        >
          {title}
        </a>
      ))}
    </nav>
  );
}
