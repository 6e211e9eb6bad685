/**
 * Which Parquet columns can stand for which columns of a schema, and how their values are spelled (docs/spec/policy.md
 * §4.1). A spelling is exact, or there is none.
 */
import { type Column, type Rational, toHex } from '@reinraum/protocol';
import type { SchemaElement } from 'hyparquet';
import { type Decimal, decimalOfDouble, decimalOfFloat, spelled, wholeOf } from './decimal.ts';
import { SourceError } from './source-error.ts';

/** Factors the steward declares by column: value in the file × factor = value in the schema's unit. */
export type Scales = ReadonlyMap<string, Rational>;

/** A value as the file stores it → its spelling. */
export type Speller = (stored: unknown) => string;

/** What a Parquet column holds, as far as it is read. */
type Held =
  | { readonly kind: 'text' | 'uuid' | 'boolean' | 'date' }
  | { readonly kind: 'integer'; readonly number: (stored: unknown) => bigint }
  | { readonly kind: 'number'; readonly called: string; readonly decimal: (stored: unknown) => Decimal | undefined };

/** Places of the widest decimal that is written anywhere. */
const placesMax = 76;
const one: Rational = { num: 1n, den: 1n };
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Spells the identifiers of the unit column. Throws {@link SourceError} for a type that is no identifier. */
export function identifierSpeller(name: string, element: SchemaElement): Speller {
  const held = heldBy(name, element);
  if (held.kind === 'text' || held.kind === 'uuid' || held.kind === 'integer') return plainSpeller(held);
  throw new SourceError(`column "${name}": ${typeName(element)} is no identifier; write the column as text`);
}

/** Spells the values of a schema column. Throws {@link SourceError} where type, column and scale do not go together. */
export function columnSpeller(column: Column, element: SchemaElement, scale: Rational | undefined): Speller {
  const held = heldBy(column.name, element);
  return column.type === 'code' ? codeSpeller(column, held) : integerSpeller(column, element, held, scale);
}

function codeSpeller(column: Column & { type: 'code' }, held: Held): Speller {
  if (held.kind === 'boolean' && !column.codes.some(({ code }) => code === 'true' || code === 'false')) {
    throw new SourceError(
      `column "${column.name}": BOOLEAN, but neither "true" nor "false" is a code; write the column as one of its codes`,
    );
  }
  if (held.kind !== 'number') return plainSpeller(held);
  return (stored) => {
    const decimal = held.decimal(stored);
    return decimal ? spelled(decimal) : notANumber;
  };
}

function integerSpeller(
  column: Column & { type: 'integer' },
  element: SchemaElement,
  held: Held,
  scale: Rational | undefined,
): Speller {
  const { name, unit } = column;
  if (held.kind === 'integer') {
    return (stored) => scaled({ n: held.number(stored), places: 0 }, scale ?? one);
  }
  if (held.kind !== 'number') {
    throw new SourceError(
      `column "${name}": ${typeName(element)} is no number; write the column as whole numbers in the unit "${unit}"`,
    );
  }
  if (!scale) {
    throw new SourceError(
      `column "${name}": ${held.called}, the schema counts whole "${unit}"; say what one in the file is: ` +
        `--scale ${name}=1 if it is one "${unit}", --scale ${name}=100 if it is a hundred`,
    );
  }
  return (stored) => {
    const decimal = held.decimal(stored);
    return decimal ? scaled(decimal, scale) : notANumber;
  };
}

/** Never a canonical integer and never a code, so the check of the values finds it in its row. */
const notANumber = '';

function scaled(decimal: Decimal, scale: Rational): string {
  const whole = wholeOf(decimal, scale);
  return whole === undefined ? notANumber : String(whole);
}

function plainSpeller(held: Exclude<Held, { kind: 'number' }>): Speller {
  switch (held.kind) {
    case 'text':
      return (stored) => strictUtf8.decode(stored as Uint8Array);
    case 'uuid':
      return (stored) => toHex(stored as Uint8Array).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    case 'boolean':
      return (stored) => (stored === true ? 'true' : 'false');
    case 'date':
      return (stored) => new Date((stored as number) * 86_400_000).toISOString().slice(0, 10);
    case 'integer':
      return (stored) => String(held.number(stored));
    default:
      return held satisfies never;
  }
}

/** What a column's type means. Throws {@link SourceError} for types that have no exact spelling here. */
function heldBy(name: string, element: SchemaElement): Held {
  const { type, converted_type: converted, logical_type: logical, scale = 0 } = element;
  const annotated = converted ?? logical?.type;
  if (annotated === 'DECIMAL' && scale >= 0 && scale <= placesMax) return decimalHeld(scale);
  const isWhole = type === 'INT32' || type === 'INT64';
  if (isWhole && (annotated === undefined || /^(U?INT_\d+|INTEGER)$/.test(annotated))) {
    const bits = type === 'INT32' ? 32 : 64;
    const isUnsigned = converted?.startsWith('UINT') || (logical?.type === 'INTEGER' && !logical.isSigned);
    const asStored = (stored: unknown) => BigInt(stored as number | bigint);
    const number = (stored: unknown) => (isUnsigned ? BigInt.asUintN(bits, asStored(stored)) : asStored(stored));
    return { kind: 'integer', number };
  }
  if (type === 'BYTE_ARRAY' && ['UTF8', 'STRING', 'ENUM'].includes(annotated ?? '')) return { kind: 'text' };
  if (type === 'FIXED_LEN_BYTE_ARRAY' && annotated === 'UUID' && element.type_length === 16) return { kind: 'uuid' };
  if (type === 'INT32' && annotated === 'DATE') return { kind: 'date' };
  if (annotated === undefined && type === 'BOOLEAN') return { kind: 'boolean' };
  if (annotated === undefined && type === 'DOUBLE')
    return { kind: 'number', called: type, decimal: (stored) => decimalOfDouble(stored as number) };
  if (annotated === undefined && type === 'FLOAT')
    return { kind: 'number', called: type, decimal: (stored) => decimalOfFloat(stored as number) };
  throw new SourceError(
    `column "${name}": ${typeName(element)} cannot be read; write it as text, whole numbers, DECIMAL or DATE`,
  );
}

/** A decimal of no places is a whole number; every other one needs a scale where whole numbers are counted. */
function decimalHeld(places: number): Held {
  const number = (stored: unknown) =>
    stored instanceof Uint8Array ? signed(stored) : BigInt(stored as number | bigint);
  if (places === 0) return { kind: 'integer', number };
  return {
    kind: 'number',
    called: `DECIMAL with ${places} places`,
    decimal: (stored) => ({ n: number(stored), places }),
  };
}

/** A big-endian two's complement number. */
function signed(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt.asIntN(8 * bytes.length, BigInt(`0x${toHex(bytes)}`));
}

function typeName({ type, converted_type, logical_type }: SchemaElement): string {
  return logical_type?.type ?? converted_type ?? (type === 'BYTE_ARRAY' ? 'binary' : type) ?? 'a nested column';
}
