import { expect, test } from 'vitest';
import type { Attack } from './attack.ts';

/** The test of an attack: its row holds. */
export function withstands(attack: Attack): void {
  test(`${attack.id} ${attack.name}`, async () => {
    expect(await attack.measure()).toMatchObject({ holds: true });
  });
}
