/** A screen's heading. */
import { useEffect, useRef } from 'preact/hooks';
import { useSpeech } from '../texts/texts.tsx';

/** The one `h1` of a screen: it takes the focus when the screen appears, and names the document. */
export function Heading({ children, isFirst = false }: { readonly children: string; readonly isFirst?: boolean }) {
  const { t } = useSpeech();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (!isFirst) heading.current?.focus();
    // Only when the screen appears, not when its language changes.
  }, []);
  useEffect(() => {
    document.title = `${children} – ${t('app.name')}`;
  }, [children, t]);
  return (
    <h1 class="kern-heading-large" tabIndex={-1} ref={heading}>
      {children}
    </h1>
  );
}
