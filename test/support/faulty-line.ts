/** A line between members and the gateway that can stop at a named moment of a request, and lets a test do what it likes then. */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * `before`: the request has left the client, nothing has reached the gateway · `within`: a part of its body has ·
 * `after`: it has been answered, and the answer has not reached the client
 */
export type Moment = 'before' | 'within' | 'after';

/** One request as the line sees it. */
export interface Passing {
  readonly kind: 'piece' | 'statement' | 'other';
  /** Type of the statement. */
  readonly type: string | undefined;
  readonly offset: number;
  readonly bytes: number;
}

/** What is done at a moment. The request is cut off there and nothing of it is answered. */
export interface Fault {
  readonly hits: (passing: Passing) => boolean;
  readonly moment: Moment;
  /** Share of the body that passes for moment `within`. */
  readonly share?: number;
  readonly act: () => unknown;
}

/** A running line. */
export interface FaultyLine {
  readonly url: string;
  /** Pieces that were sent on as a whole. */
  readonly pieces: Passing[];
  /** Where the gateway is now. */
  lead(url: string): void;
  /** The next request that is hit is cut off; each fault happens once. */
  fault(fault: Fault): void;
  close(): Promise<void>;
}

/** Starts a line that leads nowhere yet. */
export async function faultyLine(): Promise<FaultyLine> {
  let target = new URL('http://127.0.0.1:1');
  const faults: Fault[] = [];
  const pieces: Passing[] = [];
  const server = createServer((incoming, answer) => {
    pass(incoming, answer).catch(() => incoming.socket.destroy());
  });

  async function pass(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of incoming) parts.push(part as Buffer);
    const body = Buffer.concat(parts);
    const passing = described(incoming, body);
    const at = faults.findIndex(({ hits }) => hits(passing));
    const [fault] = at === -1 ? [] : faults.splice(at, 1);
    if (fault?.moment === 'before') return cut(incoming, fault);
    const part = fault?.moment === 'within' ? Math.ceil(body.length * (fault.share ?? 0.5)) : body.length;
    const answered = forward(incoming, body, part);
    if (fault?.moment === 'within') {
      answered.catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 20));
      return cut(incoming, fault);
    }
    const { status, headers, text } = await answered;
    if (passing.kind === 'piece') pieces.push(passing);
    if (fault) return cut(incoming, fault);
    answer.writeHead(status, headers).end(text);
  }

  function forward(incoming: IncomingMessage, body: Buffer, part: number) {
    return new Promise<{ status: number; headers: IncomingMessage['headers']; text: Buffer }>((resolve, reject) => {
      const { host: _host, 'transfer-encoding': _coding, ...headers } = incoming.headers;
      const options = { method: incoming.method, path: incoming.url, agent: false } as const;
      const onward = request(target, { ...options, headers: { ...headers, 'content-length': String(body.length) } });
      onward.on('error', reject);
      onward.on('response', (response) => {
        const parts: Buffer[] = [];
        response.on('data', (piece: Buffer) => parts.push(piece));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(parts) }),
        );
      });
      if (part === body.length) onward.end(body);
      else onward.write(body.subarray(0, part), () => setTimeout(() => onward.destroy(), 200));
    });
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    pieces,
    lead: (url) => void (target = new URL(url)),
    fault: (fault) => void faults.push(fault),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function cut(incoming: IncomingMessage, { act }: Fault): Promise<void> {
  await act();
  incoming.socket.destroy();
}

function described({ method, url = '', headers }: IncomingMessage, body: Buffer): Passing {
  const isPiece = method === 'PUT' && url.includes('/uploads/');
  const type = url.endsWith('/statements') ? statementType(body) : undefined;
  return {
    kind: isPiece ? 'piece' : type === undefined ? 'other' : 'statement',
    type,
    offset: Number(headers['x-reinraum-offset'] ?? 0),
    bytes: body.length,
  };
}

function statementType(body: Buffer): string {
  const { envelope } = JSON.parse(body.toString()) as { envelope: { payload: string } };
  return (JSON.parse(atob(envelope.payload)) as { type: string }).type;
}
