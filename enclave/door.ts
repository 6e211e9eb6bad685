/** The enclave's side of the door: requests in, answers out, one constant word for every failure. */
import type { Duplex } from 'node:stream';
import { DoorRequest, encodeFrame, FrameReader, fromBase64, Refusal, toBase64 } from '@reinraum/protocol';
import type { Enclave, Waiting } from './enclave.ts';
import { requestsMax } from './limits.ts';

/** What the door asks of the enclave. */
type Inside = Pick<Enclave, keyof Enclave>;

/** Opens the enclave with the operator's key; called once, by `unlock`. */
export type Unlock = (wrappingKey: Uint8Array) => Promise<Inside>;

/** Serves a door until it closes. What the host sends is untrusted: anything unreadable ends the process. */
export function serve(door: Duplex, unlock: Unlock, end: () => void): void {
  const reader = new FrameReader();
  let opened: Promise<Inside> | undefined;
  let working = 0;
  door.on('data', (piece: Buffer) => {
    try {
      for (const { head } of reader.push(piece)) take(DoorRequest.parse(head));
    } catch {
      end();
    }
  });
  door.on('error', end);
  door.on('close', end);

  function take(request: DoorRequest): void {
    if (request.method === 'unlock') opened ??= unlock(fromBase64(request.key));
    count(1);
    void respond(request).finally(() => count(-1));
  }

  function count(change: 1 | -1): void {
    working += change;
    if (working < requestsMax) door.resume();
    else door.pause();
  }

  /** What waits for witnesses must not keep their cosignatures outside. */
  async function uncounted<T>(wait: Promise<T>): Promise<T> {
    count(-1);
    return wait.finally(() => count(1));
  }

  async function respond(request: DoorRequest): Promise<void> {
    let frame: Uint8Array;
    try {
      if (!opened) throw new Error('door: locked');
      const { value, body } = await obey(await opened, request, uncounted);
      frame = encodeFrame({ id: request.id, ok: true, value }, body);
    } catch (error) {
      frame = encodeFrame({ id: request.id, ok: false, ...refusalOrFailure(error) });
    }
    door.write(frame);
  }
}

async function obey(
  enclave: Inside,
  request: DoorRequest,
  uncounted: Waiting,
): Promise<{ value: unknown; body?: Uint8Array }> {
  switch (request.method) {
    case 'unlock':
    case 'status':
      return { value: enclave.status() };
    case 'found':
      return { value: (await enclave.found(request.founding)).accepted };
    case 'submit': {
      const { accepted, body } = await enclave.submit(request.submission, uncounted);
      return body ? { value: accepted, body } : { value: accepted };
    }
    case 'read': {
      const body = await enclave.read(request.path, request.session);
      return body ? { value: { found: true }, body } : { value: { found: false } };
    }
    case 'catalogue':
      return { value: enclave.catalogue(request.session) };
    case 'preview':
      return { value: enclave.preview(request.preview, request.session) };
    case 'unwitnessed':
      return { value: await uncounted(enclave.unwitnessed()) };
    case 'consistency':
      return { value: (await enclave.consistency(request.from, request.to)).map(toBase64) };
    case 'cosigned':
      return { value: await enclave.cosigned(request.size, request.lines) };
    default:
      return request satisfies never;
  }
}

/** A refusal says its code and field; everything else says one word. */
function refusalOrFailure(error: unknown) {
  if (!(error instanceof Refusal)) return { failed: true };
  return { refusal: error.field === undefined ? { code: error.code } : { code: error.code, field: error.field } };
}
