/** Asking before something that cannot be taken back. */
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { useSpeech } from '../texts/texts.tsx';
import { Button } from './button.tsx';

/** A modal dialogue; Escape and "cancel" close it without doing anything. */
export function Confirm({
  title,
  yes,
  onYes,
  onClose,
  children,
}: {
  readonly title: string;
  readonly yes: string;
  readonly onYes: () => void;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}) {
  const { t } = useSpeech();
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);
  return (
    <dialog class="kern-dialog" ref={dialog} aria-labelledby={id} onClose={onClose}>
      <header class="kern-dialog__header">
        <h2 class="kern-title kern-title--large" id={id}>
          {title}
        </h2>
      </header>
      <section class="kern-dialog__body">
        <div class="kern-body">{children}</div>
      </section>
      <footer class="kern-dialog__footer">
        <Button rank="secondary" onPress={() => dialog.current?.close()}>
          {t('dialog.cancel')}
        </Button>
        <Button
          rank="primary"
          onPress={() => {
            dialog.current?.close();
            onYes();
          }}
        >
          {yes}
        </Button>
      </footer>
    </dialog>
  );
}
