/** The host's side of the door: numbered requests, answers by number. */
import type { Duplex } from 'node:stream';
import { DoorRequest, DoorResponse, encodeFrame, FrameReader, isRefusalCode, Refusal } from '@reinraum/protocol';

type WithoutId<Request> = Request extends DoorRequest ? Omit<Request, 'id'> : never;
/** A request before it has its number. */
export type Ask = WithoutId<DoorRequest>;

/** What came back: the head's value, and the body, empty where there is none. */
export interface Reply {
  readonly value: unknown;
  readonly body: Uint8Array;
}

/** The enclave failed or is gone. Says nothing more, because there is nothing more to say. */
export class EnclaveFailed extends Error {
  constructor() {
    super('enclave failed');
    this.name = 'EnclaveFailed';
  }
}

interface Waiting {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

/** One open door. */
export class DoorClient {
  readonly #door: Duplex;
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;
  #isOpen = true;

  constructor(door: Duplex) {
    this.#door = door;
    const reader = new FrameReader();
    door.on('data', (piece: Buffer) => {
      try {
        for (const { head, body } of reader.push(piece)) this.#settle(DoorResponse.parse(head), body);
      } catch {
        door.destroy();
      }
    });
    door.on('close', () => this.#end());
    door.on('end', () => this.#end());
  }

  /**
   * Asks the enclave. Rejects with {@link Refusal} or {@link EnclaveFailed}, and with `ZodError` or `RangeError` where it
   * is nothing the enclave would read: that would end its process, and anybody can send a header that is too long.
   */
  async ask(request: Ask): Promise<Reply> {
    if (!this.#isOpen) throw new EnclaveFailed();
    const id = this.#next++;
    const frame = encodeFrame(DoorRequest.parse({ ...request, id }));
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#door.write(frame);
    });
  }

  /** Whether anything can still be asked: after a failed request, too, but not without the enclave. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Closes the door; the enclave then ends. */
  close(): void {
    this.#door.destroy();
    this.#end();
  }

  #settle(response: DoorResponse, body: Uint8Array): void {
    const waiting = this.#waiting.get(response.id);
    this.#waiting.delete(response.id);
    if (response.ok) waiting?.resolve({ value: response.value, body });
    else if ('refusal' in response && isRefusalCode(response.refusal.code)) {
      waiting?.reject(new Refusal(response.refusal.code, response.refusal.field));
    } else waiting?.reject(new EnclaveFailed());
  }

  #end(): void {
    this.#isOpen = false;
    for (const { reject } of this.#waiting.values()) reject(new EnclaveFailed());
    this.#waiting.clear();
  }
}
