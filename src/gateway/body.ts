/** Bodies of requests: limits, and the one check of JSON before it is passed on byte for byte. */
import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { ZodType } from 'zod';
import { problemResponse } from './problem.ts';

/** Refuses a body of more than so many bytes, whether or not it says so beforehand. */
export function atMost(maxSize: number): MiddlewareHandler {
  return bodyLimit({ maxSize, onError: () => problemResponse('body-too-large') });
}

/**
 * Takes JSON of a shape only. The gateway is untrusted: this spares the room what cannot be meant, and host and enclave
 * check again. Handlers get the bytes as they came, through `context.req.arrayBuffer()`.
 */
export function jsonOf(shape: ZodType): MiddlewareHandler {
  return async (context, next) => {
    const isJson = /^application\/json(\s*;|$)/i.test(context.req.header('content-type') ?? '');
    const value = isJson ? parsed(await context.req.arrayBuffer()) : undefined;
    return value !== undefined && shape.safeParse(value).success ? next() : problemResponse('body-malformed');
  };
}

/** The value, or `undefined` where the bytes are not JSON in UTF-8. */
function parsed(bytes: ArrayBuffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
