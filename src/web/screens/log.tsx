/** Verifying in the browser: the checkpoint, any receipt or answer, the whole log. */
import { LogReader, type Verdict } from '@reinraum/audit/verifier';
import { asLoss, toHex } from '@reinraum/protocol';
import { useState } from 'preact/hooks';
import { lossText } from '../budget.ts';
import { useLoaded } from '../loading.ts';
import type { OpenRoom } from '../open-room.ts';
import { Button } from '../parts/button.tsx';
import { Evidence } from '../parts/evidence.tsx';
import { Heading } from '../parts/heading.tsx';
import { Facts, Notice } from '../parts/notice.tsx';
import { Disproved, Problem } from '../parts/problem.tsx';
import { Register } from '../parts/register.tsx';
import { titlesOf } from '../questions.ts';
import { type Replayed, replayed } from '../replay.ts';
import { useSpeech } from '../texts/texts.tsx';

/** The log page of an open room. */
export function LogScreen({ room }: { readonly room: OpenRoom }) {
  const { t } = useSpeech();
  return (
    <>
      <Heading>{t('log.title')}</Heading>
      <p class="kern-body lead">{t('log.lead')}</p>
      <CheckpointCard room={room} />
      <ReplayCard room={room} />
      <Evidence room={room} />
    </>
  );
}

function CheckpointCard({ room }: { readonly room: OpenRoom }) {
  const speech = useSpeech();
  const { t, number } = speech;
  const { loaded, reload } = useLoaded(async () => {
    const { fetch } = await room.log();
    return new LogReader(fetch, room.client.logVerifier).checkpoint();
  }, [room]);
  return (
    <section class="card" aria-labelledby="checkpoint">
      <h2 class="kern-heading-medium" id="checkpoint">
        {t('log.checkpoint')}
      </h2>
      {loaded.state === 'waiting' ? <p class="kern-body">{t('app.loading')}</p> : null}
      {loaded.state === 'failed' ? <Disproved of={loaded.error} title={t('log.replayBad')} /> : null}
      {loaded.state === 'there' ? (
        <>
          <Notice kind="success" title={t('log.checkpointOk')} />
          <Facts
            of={[
              [t('log.size'), number(loaded.value.size)],
              [t('log.root'), <code class="digest">{toHex(loaded.value.root)}</code>],
            ]}
          />
        </>
      ) : null}
      <Button icon="autorenew" onPress={reload}>
        {t('log.reload')}
      </Button>
    </section>
  );
}

function ReplayCard({ room }: { readonly room: OpenRoom }) {
  const speech = useSpeech();
  const { t } = speech;
  const [progress, setProgress] = useState<readonly [number, number]>();
  const [outcome, setOutcome] = useState<Replayed>();
  const [problem, setProblem] = useState<unknown>();
  const isRunning = progress !== undefined;
  const run = async () => {
    setOutcome(undefined);
    setProblem(undefined);
    setProgress([0, 1]);
    let shownMs = 0;
    try {
      const result = await replayed(room, (done, total) => {
        const nowMs = performance.now();
        if (nowMs - shownMs < 100 && done < total) return;
        shownMs = nowMs;
        setProgress([done, total]);
      });
      setOutcome(result);
    } catch (error) {
      setProblem(error);
    }
    setProgress(undefined);
  };
  return (
    <section class="card" aria-labelledby="replay">
      <h2 class="kern-heading-medium" id="replay">
        {t('log.replay')}
      </h2>
      <p class="kern-body">{t('log.replayLead')}</p>
      <Button rank="primary" disabled={isRunning} onPress={() => void run()}>
        {t('log.replayRun')}
      </Button>
      {progress ? (
        <div class="kern-progress">
          <label class="kern-label" for="replay-progress">
            {t('log.replayProgress', { done: progress[0], total: progress[1] })}
          </label>
          <progress id="replay-progress" value={progress[0]} max={progress[1]} />
        </div>
      ) : null}
      <Problem of={problem} />
      {outcome ? (
        <>
          <VerdictNotice room={room} verdict={outcome.verdict} seconds={outcome.durationMs / 1000} />
          <Register room={room} outcome={outcome} />
        </>
      ) : null}
    </section>
  );
}

function VerdictNotice({
  room,
  verdict,
  seconds,
}: {
  readonly room: OpenRoom;
  readonly verdict: Verdict;
  readonly seconds: number;
}) {
  const { t, number, language } = useSpeech();
  if (!verdict.verified) {
    return (
      <Notice kind="danger" title={t('log.replayBad')} live>
        <p>
          {t('log.replayBadText', {
            rule: `${verdict.rule} – ${verdict.message}`,
            where: verdict.entry === null ? '' : t('log.atEntry', { index: verdict.entry }),
          })}
        </p>
      </Notice>
    );
  }
  const titles = titlesOf(room.client.charter, language);
  const { populations, accountant } = room.client.charter;
  const spent = populations.flatMap(({ id }) => {
    const balance = verdict.room.spent.get(id);
    return balance ? [`${titles.population(id)} ${lossText(asLoss(accountant.kind, balance.loss))}`] : [];
  });
  return (
    <Notice kind="success" title={t('log.replayOk')} live>
      <p>
        {t('log.replayOkText', {
          size: number(verdict.size),
          seconds: number(seconds, 1),
          spent: spent.length === 0 ? '' : t('log.replaySpent', { list: spent.join('; ') }),
        })}
      </p>
      {verdict.from > 0 ? <p>{t('log.replayPruned', { from: number(verdict.from) })}</p> : null}
    </Notice>
  );
}
