/** Boxes that say how something went, never by colour alone. */
import type { ComponentChildren } from 'preact';

/** A box with icon, title and text. `live` announces it where it appears. */
export function Notice({
  kind,
  title,
  live = false,
  children,
}: {
  readonly kind: 'info' | 'success' | 'warning' | 'danger';
  readonly title: string;
  readonly live?: boolean;
  readonly children?: ComponentChildren;
}) {
  const role = kind === 'danger' ? 'alert' : 'status';
  return (
    <div class={`kern-alert kern-alert--${kind}`} {...(live ? { role } : {})}>
      <div class="kern-alert__header">
        <span class={`kern-icon kern-icon--${kind}`} aria-hidden="true" />
        <span class="kern-title">{title}</span>
      </div>
      {children === undefined ? null : (
        <div class="kern-alert__body">
          <div class="kern-body">{children}</div>
        </div>
      )}
    </div>
  );
}

/** A short word about a state. */
export function Badge({
  kind,
  children,
}: {
  readonly kind: 'info' | 'success' | 'warning' | 'danger';
  readonly children: ComponentChildren;
}) {
  return (
    <span class={`kern-badge kern-badge--small kern-badge--${kind}`}>
      <span class={`kern-icon kern-icon--${kind} kern-icon--small`} aria-hidden="true" />
      <span class="kern-label kern-label--small">{children}</span>
    </span>
  );
}

/** Pairs of a name and what is known of it. */
export function Facts({ of }: { readonly of: readonly (readonly [string, ComponentChildren])[] }) {
  return (
    <dl class="kern-description-list">
      {of.map(([name, value]) => (
        <div class="kern-description-list-item" key={name}>
          <dt class="kern-description-list-item__key">{name}</dt>
          <dd class="kern-description-list-item__value">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
