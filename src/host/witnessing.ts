/**
 * Carries the checkpoints of a room to its witnesses and their cosignatures back (docs/spec/witness.md §6). Nothing here is
 * trusted: the enclave checks every cosignature. What the host decides is only that it is no use going on.
 */
import { setTimeout } from 'node:timers/promises';
import { cosignatureVerifier, requestCosignature, type WitnessFetch } from '@reinraum/audit';
import { fromBase64, Unwitnessed, type Witness } from '@reinraum/protocol';
import type { DoorClient } from './door-client.ts';

/** How long one witness is waited for. */
const witnessMs = 5_000;
/** Between rounds in which there was no quorum: doubled up to the longest. */
const pauseMs = { first: 250, longest: 5_000 } as const;

/** Why carrying ended: no witnesses, the enclave is gone, or too many witnesses have seen another log for ever being a quorum. */
export type WitnessingEnd = 'unwitnessed-room' | 'enclave-gone' | 'rolled-back';

/** What carrying works with. */
export interface WitnessingOptions {
  readonly door: Pick<DoorClient, 'ask' | 'isOpen'>;
  readonly fetch: WitnessFetch;
  /** Hears of every round without a quorum. */
  readonly missing?: () => void;
}

/** Carries until there is no use in it. Never rejects. */
export async function carryToWitnesses(options: WitnessingOptions): Promise<WitnessingEnd> {
  const known = new Map<string, Known>();
  let pause: number = pauseMs.first;
  for (;;) {
    try {
      const { value } = await options.door.ask({ method: 'unwitnessed' });
      const work = Unwitnessed.parse(value);
      if (!work) return 'unwitnessed-room';
      const round = await roundOf(options, work, known);
      if (round === 'rolled-back') return round;
      if (round === 'final') {
        pause = pauseMs.first;
        continue;
      }
      options.missing?.();
    } catch {
      if (!options.door.isOpen) return 'enclave-gone';
      // One request failed, of a room that goes on: whoever waits for witnesses needs the next round.
      options.missing?.();
    }
    await setTimeout(pause);
    pause = Math.min(2 * pause, pauseMs.longest);
  }
}

/** What is known of a witness: the size it last cosigned, and whether it is being asked. */
interface Known {
  lastSize: number;
  isBusy: boolean;
}

type Work = NonNullable<Unwitnessed>;

/** One checkpoint, asked of every witness that is not being asked already; over as soon as there is a quorum. */
async function roundOf(
  { door, fetch }: WitnessingOptions,
  work: Work,
  known: Map<string, Known>,
): Promise<'final' | 'rolled-back' | 'missing'> {
  const lines: string[] = [];
  let elsewhere = 0;
  const quorum = Promise.withResolvers<'final'>();
  const asked = work.witnesses.map(async (witness) => {
    const state = known.get(witness.key) ?? { lastSize: 0, isBusy: false };
    known.set(witness.key, state);
    if (state.isBusy) return;
    state.isBusy = true;
    try {
      const outcome = await ask({ door, fetch }, work, witness, state.lastSize);
      if (outcome.outcome === 'cosigned') {
        state.lastSize = work.size;
        lines.push(outcome.line);
      } else if (outcome.outcome === 'conflict') state.lastSize = Math.min(outcome.size, work.size);
      // Ahead of this log, or holding another one at the same place: it has seen what this state has not.
      const isElsewhere = outcome.outcome === 'ahead' || (outcome.outcome === 'refused' && outcome.status === 422);
      if (isElsewhere) elsewhere += 1;
      if (lines.length !== work.quorum || outcome.outcome !== 'cosigned') return;
      const { value } = await door.ask({ method: 'cosigned', size: work.size, lines: lines.join('') });
      if (value === true) quorum.resolve('final');
    } catch (error) {
      // What fails with one witness is no reason to leave the others.
      if (!door.isOpen) throw error;
    } finally {
      state.isBusy = false;
    }
  });
  const all = Promise.all(asked).then(() => {
    return elsewhere > work.witnesses.length - work.quorum ? ('rolled-back' as const) : ('missing' as const);
  });
  return await Promise.race([quorum.promise, all]);
}

function ask(
  { door, fetch }: Pick<WitnessingOptions, 'door' | 'fetch'>,
  { checkpoint }: Work,
  { key, url }: Witness,
  lastSize: number,
) {
  return requestCosignature({
    fetch,
    url,
    witness: cosignatureVerifier(key),
    checkpoint,
    lastSize,
    signal: AbortSignal.timeout(witnessMs),
    async consistency(from, to) {
      const { value } = await door.ask({ method: 'consistency', from, to });
      return (value as string[]).map(fromBase64);
    },
  });
}
