/** The screens together: which one is shown, and the one room that is open. All state is in memory. */
import type { Answered } from '@reinraum/client';
import type { Status } from '@reinraum/protocol';
import { useEffect, useRef, useState } from 'preact/hooks';
import { OpenRoom } from './open-room.ts';
import { Frame } from './parts/frame.tsx';
import { hrefOf, parseRoute, type Route } from './route.ts';
import { AnswerScreen } from './screens/answer.tsx';
import { CatalogueScreen } from './screens/catalogue.tsx';
import { KeyScreen } from './screens/key.tsx';
import { LogScreen } from './screens/log.tsx';
import { QuestionScreen } from './screens/question.tsx';
import { RoomsScreen } from './screens/rooms.tsx';
import { TableScreen } from './screens/table.tsx';
import { roomStatus } from './status.ts';
import { Speaking } from './texts/texts.tsx';

/** The application. */
export function App() {
  const [route, setRoute] = useState<Route>(() => parseRoute(location.hash));
  const [room, setRoom] = useState<OpenRoom>();
  const [status, setStatus] = useState<Status>();
  // What arrives for a room that was forgotten meanwhile is not kept.
  const current = useRef<OpenRoom | undefined>(undefined);
  const [answers, setAnswers] = useState<ReadonlyMap<string, Answered>>(new Map());
  useEffect(() => {
    const follow = () => setRoute(parseRoute(location.hash));
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  const name = 'room' in route ? route.room : undefined;
  const open = room?.name === name ? room : undefined;
  useEffect(() => {
    setStatus(undefined);
    if (name !== undefined) void roomStatus(name).then(setStatus);
  }, [name]);
  const turnTo = (next: OpenRoom | undefined) => {
    current.current = next;
    setRoom(next);
    setAnswers(new Map());
  };
  return (
    <Speaking>
      <Frame route={route} room={open} status={open?.status ?? status} onForget={() => turnTo(undefined)}>
        <Screen
          route={route}
          room={open}
          answers={answers}
          onOpen={turnTo}
          onAnswer={(query, answered) => {
            if (open === undefined || current.current !== open) return;
            setAnswers((before) => new Map(before).set(query, answered));
            location.hash = hrefOf({ screen: 'answer', room: open.name, query });
          }}
        />
      </Frame>
    </Speaking>
  );
}

interface ScreenProps {
  readonly route: Route;
  readonly room: OpenRoom | undefined;
  readonly answers: ReadonlyMap<string, Answered>;
  readonly onOpen: (room: OpenRoom) => void;
  readonly onAnswer: (query: string, answered: Answered) => void;
}

function Screen({ route, room, answers, onOpen, onAnswer }: ScreenProps) {
  if (route.screen === 'rooms') return <RoomsScreen />;
  if (!room) return <KeyScreen key={route.room} room={route.room} onOpen={onOpen} />;
  if (route.screen === 'log') return <LogScreen room={room} />;
  if (route.screen === 'catalogue') return <CatalogueScreen room={room} />;
  if (route.screen === 'table') return <TableScreen key={route.query} room={room} digest={route.query} />;
  const answered = answers.get(route.query);
  if (route.screen === 'answer') return <AnswerScreen room={room} query={route.query} answered={answered} />;
  return (
    <QuestionScreen
      room={room}
      digest={route.query}
      isAnswered={answered !== undefined}
      onAnswer={(given) => onAnswer(route.query, given)}
    />
  );
}
