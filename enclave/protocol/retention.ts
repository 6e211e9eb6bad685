/** What two data protection officers sign before old entries of the log are given up (docs/spec/retention.md). */
import { z } from 'zod';
import { Digest } from './name.ts';

const index = z.int().min(0);

/** Everything before the entry with this snapshot may go; `state` is the digest the officers found by replaying the log. */
export const Pruning = { snapshot: index, state: Digest };
/** While the log is held nothing of it goes. */
export const LogHold = { held: z.boolean() };
