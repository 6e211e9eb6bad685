/** Verifying a receipt or an answer somebody was handed. */
import type { ProvedAnswer, ProvedEntry } from '@reinraum/client';
import type { Catalogue } from '@reinraum/protocol';
import { useState } from 'preact/hooks';
import type { OpenRoom } from '../open-room.ts';
import { prove } from '../proof.ts';
import { registerTypes } from '../replay.ts';
import type { Speech } from '../texts/speech.ts';
import { useSpeech } from '../texts/texts.tsx';
import { Button } from './button.tsx';
import { type ChosenFile, FileField } from './file-field.tsx';
import { Notice } from './notice.tsx';
import { Disproved } from './problem.tsx';
import { Retracted } from './retracted.tsx';

type Outcome =
  | { readonly proved: ProvedEntry }
  | { readonly proved: ProvedAnswer; readonly catalogue: Catalogue }
  | { readonly error: unknown }
  | 'empty';

/** A form that takes a file or a text and says whether it is genuine. */
export function Evidence({ room }: { readonly room: OpenRoom }) {
  const { t } = useSpeech();
  const [file, setFile] = useState<ChosenFile>();
  const [text, setText] = useState('');
  const [outcome, setOutcome] = useState<Outcome>();
  const verify = async () => {
    setOutcome(undefined);
    const untrusted = text.trim() === '' ? (file?.text ?? '') : text;
    if (untrusted.trim() === '') return setOutcome('empty');
    try {
      const proved = await prove(room, untrusted);
      // Only an answer can have been taken back.
      setOutcome('release' in proved ? { proved, catalogue: await room.catalogue() } : { proved });
    } catch (error) {
      setOutcome({ error });
    }
  };
  return (
    <section class="card" aria-labelledby="evidence">
      <h2 class="kern-heading-medium" id="evidence">
        {t('log.evidence')}
      </h2>
      <p class="kern-body">{t('log.evidenceLead')}</p>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void verify();
        }}
      >
        <FileField
          label={t('log.evidenceFile')}
          hint=".tlog-proof, .json"
          accept=".tlog-proof,.json"
          chosen={file}
          onChoose={(chosen) => {
            setFile(chosen);
            setOutcome(undefined);
          }}
        />
        <div class="kern-form-input">
          <label class="kern-label" for="evidence-text">
            {t('log.evidenceText')}
          </label>
          <textarea
            class="kern-form-input__input evidence"
            id="evidence-text"
            rows={5}
            spellcheck={false}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </div>
        <Button rank="primary" submits>
          {t('log.evidenceRun')}
        </Button>
      </form>
      {outcome === undefined ? null : <Said outcome={outcome} />}
    </section>
  );
}

function Said({ outcome }: { readonly outcome: Outcome }) {
  const speech = useSpeech();
  const { t } = speech;
  if (outcome === 'empty') return <Notice kind="warning" title={t('log.evidenceEmpty')} live />;
  if ('error' in outcome) return <Disproved of={outcome.error} title={t('log.evidenceBad')} />;
  const { proved } = outcome;
  return (
    <>
      {'catalogue' in outcome ? (
        <Retracted catalogue={outcome.catalogue} charge={outcome.proved.release.charged} />
      ) : null}
      <Notice kind="success" title={t('log.evidenceOk')} live>
        <p>{provedText(proved, speech)}</p>
      </Notice>
    </>
  );
}

function provedText(proved: ProvedEntry | ProvedAnswer, { t, number, moment }: Speech): string {
  const { index, entry } = proved;
  const at = moment(entry.at);
  if ('release' in proved) return t('log.evidenceAnswerText', { index: number(index), at });
  const known = registerTypes.find((type) => type === entry.type);
  const what = known === undefined ? entry.type : t(`log.type.${known}`);
  return t('log.evidenceReceiptText', { index: number(index), what, at });
}
