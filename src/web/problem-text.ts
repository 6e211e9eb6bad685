/** What went wrong, in the reader's language: the room's own words where it has any. */
import { EvidenceError, TrustError } from '@reinraum/audit/verifier';
import { Distrust, NoAnswer, RoomProblem } from '@reinraum/client';
import { KeyProblem } from './open-room.ts';
import { de } from './texts/de.ts';
import type { Speech, TextName } from './texts/speech.ts';

/** A sentence about an error; never anything of a key or a record. */
export function problemText(error: unknown, { t, language }: Speech): string {
  if (error instanceof KeyProblem) return t(error.fault);
  if (error instanceof RoomProblem) {
    const field = error.field === undefined ? '' : ` ${t('problem.field', { field: error.field })}`;
    return `${error.detail?.[language] ?? t('problem.network')}${field}`;
  }
  if (error instanceof Distrust) return t(`problem.${error.about}`);
  if (isEvidence(error)) return `${t('problem.answer')} ${evidenceText(error, { t })}`;
  if (error instanceof NoAnswer) return t('problem.network');
  return t('problem.other');
}

/** Whether an error leaves open what was to be proved: the room could not be asked, or its catalogue is not to be believed. */
export function isOpen(error: unknown): boolean {
  return error instanceof RoomProblem || error instanceof NoAnswer || error instanceof Distrust;
}

/** What a verifier found wrong, in words. */
export function evidenceText(error: unknown, { t }: Pick<Speech, 't'>): string {
  if (!isEvidence(error)) return t('evidence.document');
  const name = `evidence.${error.code}`;
  return Object.hasOwn(de, name) ? t(name as TextName) : t('evidence.other', { code: error.code });
}

function isEvidence(error: unknown): error is EvidenceError | TrustError {
  return error instanceof EvidenceError || error instanceof TrustError;
}
