/** How the state of a question is shown. */
import type { QuestionState, titlesOf } from './questions.ts';
import type { Speech } from './texts/speech.ts';

/** Today as `YYYY-MM-DD` in UTC, which is what the room compares with. */
export function today(): string {
  return new Date().toISOString().slice(0, 10);
}

/** The colour and icon of a question's state. */
export function stateKind(state: QuestionState): 'success' | 'warning' | 'danger' {
  if (state === 'open') return 'success';
  return state === 'revoked' || state === 'suspended' ? 'danger' : 'warning';
}

/** "owner city/statistics" in words. */
export function missingText(missing: string, titles: ReturnType<typeof titlesOf>, { t }: Speech): string {
  const [role, who = ''] = missing.split(' ');
  if (role === 'owner') return t('missing.owner', { who: titles.unit(who) });
  return role === 'dpo' ? t('missing.dpo', { who: titles.party(who) }) : missing;
}
