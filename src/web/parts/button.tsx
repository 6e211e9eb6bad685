/** Buttons of the design system. */
import type { ComponentChildren } from 'preact';

/** A button; `rank` says how much it stands out. */
export function Button({
  rank = 'secondary',
  onPress,
  submits = false,
  disabled = false,
  lang,
  icon,
  children,
}: {
  readonly rank?: 'primary' | 'secondary' | 'tertiary';
  readonly onPress?: () => void;
  readonly submits?: boolean;
  readonly disabled?: boolean;
  readonly lang?: string;
  readonly icon?: string;
  readonly children: ComponentChildren;
}) {
  return (
    <button
      type={submits ? 'submit' : 'button'}
      class={`kern-btn kern-btn--${rank}`}
      onClick={onPress}
      disabled={disabled}
      lang={lang}
    >
      {icon === undefined ? null : <span class={`kern-icon kern-icon--${icon}`} aria-hidden="true" />}
      <span class="kern-label">{children}</span>
    </button>
  );
}
