/** Pseudonyms without a person. */
import { randomUUID } from 'node:crypto';

/** A well-formed pseudonym (UUIDv8) of nobody. */
export function pseudonym(): string {
  const hex = randomUUID().replaceAll('-', '');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
}
