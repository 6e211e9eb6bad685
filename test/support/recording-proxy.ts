/** A proxy that keeps every byte that goes through it in either direction: what whoever stands there sees. */
import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Sight } from './plaintext-scan.ts';

/** A running proxy. */
export interface RecordingProxy {
  readonly url: string;
  readonly seen: Sight[];
  close(): Promise<void>;
}

/** Stands before `target()`, which is asked at each request: it may not be known yet when the proxy starts. */
export async function recordingProxy(target: () => string): Promise<RecordingProxy> {
  const seen: Sight[] = [];
  const server = createServer((incoming, outgoing) => {
    relay(new URL(target()), incoming, outgoing, seen).catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function relay({ hostname, port }: URL, incoming: IncomingMessage, outgoing: ServerResponse, seen: Sight[]) {
  const { method = '', url: path = '', rawHeaders } = incoming;
  const where = `${method} ${path}`;
  const body = await bytesOf(incoming);
  seen.push({
    where: `request ${where}`,
    bytes: Buffer.concat([Buffer.from(`${where}\n${rawHeaders.join('\n')}\n`), body]),
  });
  // Framing is the connection's own; everything else is passed on as it came.
  const { 'transfer-encoding': _framing, connection: _connection, ...headers } = incoming.headers;
  const sent = send({ hostname, port, method, path, headers: { ...headers, 'content-length': String(body.length) } });
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    sent.once('response', resolve).once('error', reject).end(body);
  });
  const answered = await bytesOf(answer);
  const head = Buffer.from(`${answer.statusCode}\n${answer.rawHeaders.join('\n')}\n`);
  seen.push({ where: `answer ${where}`, bytes: Buffer.concat([head, answered]) });
  const { 'transfer-encoding': _answerFraming, connection: _answerConnection, ...answerHeaders } = answer.headers;
  outgoing.writeHead(answer.statusCode ?? 502, { ...answerHeaders, 'content-length': answered.length });
  outgoing.end(answered);
}

async function bytesOf(message: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of message) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}
