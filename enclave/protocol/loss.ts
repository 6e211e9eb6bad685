/**
 * Privacy loss in the unit of a room's one accountant: ρ where it is zCDP, ε where it is pure (privacy.md "Two balances").
 * A wire object spells it by the name of its member, so that neither can be read as the other.
 */
import { z } from 'zod';
import { Fraction } from './name.ts';
import { formatRational, parseRational, type Rational } from './rational.ts';

/** Which accountant governs a room, fixed at founding. */
export type AccountantKind = 'zcdp' | 'pure';

/** A loss as it is written. */
export type Loss = { readonly rho: string } | { readonly epsilon: string };

/** Schema of an object that has a loss beside other members. */
export function withLoss<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.union([z.strictObject({ ...shape, rho: Fraction }), z.strictObject({ ...shape, epsilon: Fraction })]);
}

/** The accountant a loss is written for. */
export function accountantOf(loss: Loss): AccountantKind {
  return 'rho' in loss ? 'zcdp' : 'pure';
}

/** A loss as an exact number. */
export function lossOf(loss: Loss): Rational {
  return parseRational('rho' in loss ? loss.rho : loss.epsilon);
}

/** The member of a template that names its loss. */
export function lossField(loss: Loss): string {
  return 'rho' in loss ? 'privacy.rho' : 'privacy.epsilon';
}

/** The spelling of a loss for an accountant. */
export function asLoss(kind: AccountantKind, value: Rational): Loss {
  return kind === 'zcdp' ? { rho: formatRational(value) } : { epsilon: formatRational(value) };
}
