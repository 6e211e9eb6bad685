import {
  bodyBytesMax,
  concat,
  DoorRequest,
  DoorResponse,
  encodeFrame,
  FrameReader,
  headBytesMax,
  toBase64,
  utf8,
} from '@reinraum/protocol';
import { describe, expect, test } from 'vitest';

function frame(head: Uint8Array, body: Uint8Array): Uint8Array {
  const lengths = Buffer.alloc(8);
  lengths.writeUInt32BE(head.length, 0);
  lengths.writeUInt32BE(body.length, 4);
  return concat(lengths, head, body);
}

describe('a frame', () => {
  test('is two big-endian lengths, the head as JSON, the body', () => {
    const encoded = encodeFrame({ é: [1] }, Uint8Array.of(7, 8, 9));
    expect(Buffer.from(encoded).toString('hex')).toBe(
      `0000000a00000003${Buffer.from('{"é":[1]}').toString('hex')}070809`,
    );
    expect(encodeFrame(null)).toEqual(frame(utf8('null'), new Uint8Array()));
  });

  test('has a head and a body of at most what is permitted', () => {
    const quotes = 2;
    expect(encodeFrame('a'.repeat(headBytesMax - quotes)).length).toBe(8 + headBytesMax);
    expect(() => encodeFrame('a'.repeat(headBytesMax - quotes + 1))).toThrow(RangeError);
    expect(() => encodeFrame('ä'.repeat(headBytesMax / 2))).toThrow(RangeError);
    expect(() => encodeFrame(null, new Uint8Array(bodyBytesMax + 1))).toThrow(RangeError);
  });

  test('is refused at its lengths, before anything else of it has come', () => {
    for (const [head, body] of [
      [headBytesMax + 1, 0],
      [0, bodyBytesMax + 1],
      [0xffff_ffff, 0],
      [0, 0xffff_ffff],
    ] as const) {
      const lengths = Buffer.alloc(8);
      lengths.writeUInt32BE(head, 0);
      lengths.writeUInt32BE(body, 4);
      expect(() => new FrameReader().push(lengths)).toThrow(RangeError);
    }
  });

  test.each([
    ['nothing', new Uint8Array()],
    ['half a JSON text', utf8('{"a":')],
    ['two JSON texts', utf8('{}{}')],
    ['bytes that are no UTF-8', Uint8Array.of(0x22, 0xff, 0x22)],
  ])('with %s for a head is refused', (_name, head) => {
    expect(() => new FrameReader().push(frame(head, new Uint8Array(3)))).toThrow(TypeError);
  });

  test('is its own: what arrives later in the same memory does not change it', () => {
    const bytes = encodeFrame(1, Uint8Array.of(1, 2, 3));
    const [read] = new FrameReader().push(bytes);
    bytes.fill(9);
    expect(read).toEqual({ head: 1, body: Uint8Array.of(1, 2, 3) });
  });
});

// Reading again from the start for every frame or piece took minutes, or broke off: a test that long is ended.
describe('reading takes time linear in the bytes', { timeout: 20_000 }, () => {
  test('of a body of 60 MB in pieces of 64 KiB', () => {
    const bytes = encodeFrame({ id: 1 }, new Uint8Array(60_000_000).fill(5));
    const reader = new FrameReader();
    const frames: { body: Uint8Array }[] = [];
    for (let at = 0; at < bytes.length; at += 65_536) frames.push(...reader.push(bytes.subarray(at, at + 65_536)));
    expect(frames.map(({ body }) => [body.length, body[0], body.at(-1)])).toEqual([[60_000_000, 5, 5]]);
  });

  test('of 50,000 frames in one piece', () => {
    const one = encodeFrame({ id: 1 });
    const all = concat(...Array.from({ length: 50_000 }, () => one));
    expect(new FrameReader().push(all)).toHaveLength(50_000);
  });

  test('of 300,000 bytes one by one', () => {
    const bytes = encodeFrame({ id: 1 }, new Uint8Array(300_000));
    const reader = new FrameReader();
    let count = 0;
    for (let at = 0; at < bytes.length; at++) count += reader.push(bytes.subarray(at, at + 1)).length;
    expect(count).toBe(1);
  });
});

describe('what the host may ask', () => {
  const key = toBase64(new Uint8Array(32));
  test.each<[string, unknown]>([
    ['unlock', { id: 0, method: 'unlock', key }],
    ['status', { id: 1, method: 'status' }],
    ['found', { id: 2, method: 'found', founding: { charter: {}, schemas: [], statements: [] } }],
    ['submit', { id: 3, method: 'submit', submission: { envelope: {}, opening: { salt: key, value: '{}' } } }],
    ['read', { id: 4, method: 'read', path: 'checkpoint', session: null }],
    ['catalogue', { id: 5, method: 'catalogue', session: 'x' }],
  ])('%s', (_name, request) => {
    expect(DoorRequest.parse(request)).toEqual(request);
    expect(DoorRequest.safeParse({ ...(request as object), extra: 1 }).success).toBe(false);
  });

  test.each<[string, unknown]>([
    ['an unknown method', { id: 1, method: 'erase' }],
    ['a negative number', { id: -1, method: 'status' }],
    ['no number', { method: 'status' }],
    ['a short key', { id: 1, method: 'unlock', key: 'AAAA' }],
    ['a long path', { id: 1, method: 'read', path: 'a'.repeat(201), session: null }],
    ['a long session', { id: 1, method: 'catalogue', session: 'a'.repeat(101) }],
    [
      '65 statements',
      { id: 1, method: 'found', founding: { charter: {}, schemas: [], statements: Array(65).fill({}) } },
    ],
    [
      'a long opening',
      { id: 1, method: 'submit', submission: { envelope: {}, opening: { salt: key, value: 'a'.repeat(8193) } } },
    ],
    ['a text', 'status'],
  ])('not %s', (_name, request) => {
    expect(DoorRequest.safeParse(request).success).toBe(false);
  });

  test('an answer is a value, a refusal, or the one word of failure, and never two of them', () => {
    const refusal = { code: 'room-stopped' };
    for (const answer of [
      { id: 1, ok: true, value: 1 },
      { id: 1, ok: false, refusal },
      { id: 1, ok: false, failed: true },
    ]) {
      expect(DoorResponse.safeParse(answer).success).toBe(true);
    }
    for (const answer of [
      { id: 1, ok: true, value: 1, refusal },
      { id: 1, ok: false },
      { id: 1, ok: false, refusal, failed: true },
      { id: 1, ok: false, failed: 'why' },
    ]) {
      expect(DoorResponse.safeParse(answer).success).toBe(false);
    }
  });
});
