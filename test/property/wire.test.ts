import { concat, encodeFrame, FrameReader } from '@reinraum/protocol';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

const frames = fc.array(fc.record({ head: fc.jsonValue({ maxDepth: 2 }), body: fc.uint8Array({ maxLength: 40 }) }), {
  maxLength: 8,
});
const cuts = fc.array(fc.nat(400), { maxLength: 60 });

function* pieces(bytes: Uint8Array, places: readonly number[]): Generator<Uint8Array> {
  let from = 0;
  for (const to of [...places].sort((a, b) => a - b)) {
    yield bytes.subarray(from, to);
    from = Math.min(to, bytes.length);
  }
  yield bytes.subarray(from);
}

test('frames come out whole and in order, wherever the stream is cut', () => {
  fc.assert(
    fc.property(frames, cuts, (sent, places) => {
      const reader = new FrameReader();
      const stream = concat(...sent.map(({ head, body }) => encodeFrame(head, body)));
      const read = [...pieces(stream, places)].flatMap((piece) => reader.push(piece));
      // As JSON says them: it has no minus zero.
      const said = sent.map(({ head, body }) => ({ head: JSON.parse(JSON.stringify(head)) as unknown, body }));
      expect(read).toEqual(said);
    }),
    { numRuns: 500 },
  );
});

test('a frame comes out with its last byte and not before', () => {
  fc.assert(
    fc.property(frames, fc.jsonValue(), fc.uint8Array({ maxLength: 20 }), (before, head, body) => {
      const reader = new FrameReader();
      const last = encodeFrame(head, body);
      const stream = concat(...before.map((frame) => encodeFrame(frame.head, frame.body)), last.subarray(0, -1));
      expect(reader.push(stream)).toHaveLength(before.length);
      expect(reader.push(last.subarray(-1))).toHaveLength(1);
      expect(reader.push(new Uint8Array())).toEqual([]);
    }),
  );
});

test('garbage is read as frames, waited for or refused, the same however it is cut', () => {
  const outcome = (bytes: Uint8Array, places: readonly number[]): unknown => {
    const reader = new FrameReader();
    const read: unknown[] = [];
    try {
      for (const piece of pieces(bytes, places)) read.push(...reader.push(piece));
    } catch (error) {
      return error instanceof RangeError || error instanceof TypeError ? error.message : error;
    }
    return read;
  };
  // Mostly short lengths, or hardly anything would get past them.
  const byte = fc.oneof(
    { weight: 6, arbitrary: fc.constant(0) },
    fc.integer({ min: 0x30, max: 0x39 }),
    fc.nat(12),
    fc.nat(255),
  );
  const seen = new Set<string>();
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 60 }), cuts, (list, places) => {
      const bytes = Uint8Array.from(list);
      const whole = outcome(bytes, []);
      const cut = outcome(bytes, places);
      seen.add(typeof whole === 'string' ? whole : 'read or waiting');
      expect(typeof whole === 'string' ? whole : 'read').toEqual(typeof cut === 'string' ? cut : 'read');
      if (typeof whole !== 'string') expect(cut).toEqual(whole);
    }),
    { numRuns: 1000, seed: 5 },
  );
  expect([...seen].sort()).toEqual(['read or waiting', 'wire: frame too large', 'wire: the head is not JSON']);
});
