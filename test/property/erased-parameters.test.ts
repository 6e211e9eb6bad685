/** Parameters of a run that two officers have erased are kept nowhere, whenever the erasures were signed. */
import { AggregateQuery } from '@reinraum/protocol';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { approvedRoom, openDesk } from '../support/answer-desk.ts';
import { byDistrict, template } from '../support/small-room.ts';

test('under every interleaving of an answer, its repeat and their erasures', async () => {
  const question = AggregateQuery.parse({ ...byDistrict, slotMs: 100 });
  const held = await approvedRoom(template(), [question]);
  const seen = {
    'erased before its answer was stored': 0,
    'erased after its answer was stored': 0,
  };
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.infiniteStream(fc.boolean()), async (scheduler, late) => {
      const desk = await openDesk(
        held,
        (name) => scheduler.schedule(Promise.resolve(), name),
        () => false,
      );
      const next = async () => desk.next + (await desk.logged()).length;
      try {
        const erased = async (run: number) => {
          const answered = desk.ask(0, 'f');
          if (late.next().value) await scheduler.waitFor(answered);
          const erasures = [desk.erase(run, 'cityDpo'), desk.erase(run, 'bureauDpo')];
          const [outcome] = await scheduler.waitFor(Promise.all([answered, ...erasures]));
          const scope = `run/${run}`;
          expect(desk.room.details.get(scope)?.erasedBy).not.toBeNull();
          expect(desk.details.kept.has(scope)).toBe(false);
          // The answer has the same parameters, be it that of the run or the one it repeats.
          expect([...desk.releases.kept]).toEqual([]);
          // In the turn of its entry: an erasure that was signed ahead finds them there.
          expect(desk.details.written).toContain(scope);
          return outcome;
        };
        const first = await next();
        expect(await erased(first)).toBe('released');
        const isStored = desk.releases.written.includes(String(first));
        seen[isStored ? 'erased after its answer was stored' : 'erased before its answer was stored'] += 1;
        // What is gone is not repeated: asked again it is charged, and repeated until the repeat is erased.
        expect(await scheduler.waitFor(desk.ask(0, 'f'))).toBe('released');
        expect(await erased(await next())).toBe('repeated');
        expect(await scheduler.waitFor(desk.ask(0, 'f'))).toBe('released');
      } finally {
        await desk.close();
      }
    }),
    { numRuns: 24, seed: 5 },
  );
  for (const often of Object.values(seen)) expect(often).toBeGreaterThan(5);
});
