/** Choosing a file: by dialogue, by keyboard, or by dropping it. */
import { useId, useState } from 'preact/hooks';
import { useSpeech } from '../texts/texts.tsx';

/** The largest file that is read: no key, charter, receipt or answer comes near it. */
const fileBytesMax = 16 * 1024 * 1024;

/** A chosen file as text. */
export interface ChosenFile {
  readonly name: string;
  readonly text: string;
}

/** A field for one text file. A file too large, or not UTF-8, is handed on as an empty text. */
export function FileField({
  label,
  hint,
  accept,
  chosen,
  onChoose,
}: {
  readonly label: string;
  readonly hint: string;
  readonly accept: string;
  readonly chosen: ChosenFile | undefined;
  readonly onChoose: (file: ChosenFile) => void;
}) {
  const { t } = useSpeech();
  const id = useId();
  const [isOver, setOver] = useState(false);
  const take = async (file: File | null | undefined) => {
    if (file) onChoose({ name: file.name, text: file.size > fileBytesMax ? '' : await file.text() });
  };
  return (
    <div
      class={`file-field${isOver ? ' file-field--over' : ''}`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        void take(event.dataTransfer?.files.item(0));
      }}
    >
      <div class="kern-form-input">
        <label class="kern-label" for={id}>
          {label}
        </label>
        <div class="kern-hint" id={`${id}-hint`}>
          {hint}. {t('key.drop')}.
        </div>
        <input
          class="kern-form-input__input"
          id={id}
          type="file"
          accept={accept}
          aria-describedby={`${id}-hint ${id}-chosen`}
          onChange={(event) => void take(event.currentTarget.files?.item(0))}
        />
      </div>
      <p class="kern-body kern-body--small" id={`${id}-chosen`} aria-live="polite">
        {chosen === undefined ? '' : t('key.chosen', { name: chosen.name })}
      </p>
    </div>
  );
}
