/** Which rooms there are. */

import { useLoaded } from '../loading.ts';
import { foundedRooms } from '../open-room.ts';
import { Heading } from '../parts/heading.tsx';
import { Pending } from '../parts/problem.tsx';
import { hrefOf } from '../route.ts';
import { useSpeech } from '../texts/texts.tsx';

/** The list of founded rooms, each with its notice. */
export function RoomsScreen() {
  const speech = useSpeech();
  const { t, language } = speech;
  const { loaded } = useLoaded(foundedRooms, []);
  return (
    <>
      <Heading isFirst>{t('rooms.title')}</Heading>
      {loaded.state === 'there' ? null : <Pending of={loaded} />}
      {loaded.state === 'there' && loaded.value.length === 0 ? <p class="kern-body">{t('rooms.none')}</p> : null}
      {loaded.state === 'there'
        ? loaded.value.map(({ name, status }) => (
            <article class="card" key={name}>
              <h2 class="kern-heading-small">{status?.title?.[language] ?? name}</h2>
              <p class="kern-body">{status ? status.notice?.[language] : t('rooms.silent')}</p>
              <p>
                <a class="kern-link" href={hrefOf({ screen: 'catalogue', room: name })}>
                  {t('rooms.open')}
                </a>
              </p>
            </article>
          ))
        : null}
    </>
  );
}
