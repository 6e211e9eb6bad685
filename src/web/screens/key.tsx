/** Opening a room with the two files a member has. */
import { useState } from 'preact/hooks';
import { OpenRoom } from '../open-room.ts';
import { Button } from '../parts/button.tsx';
import { type ChosenFile, FileField } from '../parts/file-field.tsx';
import { Heading } from '../parts/heading.tsx';
import { Notice } from '../parts/notice.tsx';
import { problemText } from '../problem-text.ts';
import { useSpeech } from '../texts/texts.tsx';

/** Key file and charter. Both are read here and go nowhere. */
export function KeyScreen({ room, onOpen }: { readonly room: string; readonly onOpen: (room: OpenRoom) => void }) {
  const speech = useSpeech();
  const { t } = speech;
  const [key, setKey] = useState<ChosenFile>();
  const [charter, setCharter] = useState<ChosenFile>();
  const [problem, setProblem] = useState<unknown>();
  const [isMissing, setMissing] = useState(false);
  const [isOpening, setOpening] = useState(false);
  const open = async () => {
    setProblem(undefined);
    setMissing(!key || !charter);
    if (!key || !charter) return;
    setOpening(true);
    try {
      onOpen(await OpenRoom.open(room, key.text, charter.text));
    } catch (error) {
      setProblem(error);
      setOpening(false);
    }
  };
  return (
    <>
      <Heading isFirst>{t('key.title')}</Heading>
      <p class="kern-body lead">{t('key.lead')}</p>
      <form
        class="card form"
        onSubmit={(event) => {
          event.preventDefault();
          void open();
        }}
      >
        <div class="files">
          <FileField
            label={t('key.file')}
            hint={t('key.fileHint')}
            accept=".json,application/json"
            chosen={key}
            onChoose={setKey}
          />
          <FileField
            label={t('key.charter')}
            hint={t('key.charterHint')}
            accept=".json,application/json"
            chosen={charter}
            onChoose={setCharter}
          />
        </div>
        <Button rank="primary" submits disabled={isOpening}>
          {t(isOpening ? 'key.opening' : 'key.open')}
        </Button>
        {isMissing ? <Notice kind="warning" title={t('key.missing')} live /> : null}
        {problem === undefined ? null : (
          <Notice kind="danger" title={t('key.fault.title')} live>
            <p>{problemText(problem, speech)}</p>
          </Notice>
        )}
      </form>
    </>
  );
}
