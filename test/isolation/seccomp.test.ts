import { describe, expect, test } from 'vitest';
import {
  type CallRule,
  type FilterArchitecture,
  LAST_REVIEWED_CALL,
  REFUSED_CALLS,
  seccompProgram,
} from '../../src/host/seccomp.ts';

const ARCHITECTURES = { x64: 0xc000003e, arm64: 0xc00000b7 } as const;
const ALLOW = 0x7fff0000;
const KILL = 0x80000000;
const EPERM = 0x00050001;
const ENOSYS = 0x00050026;

/** What the kernel gives a filter: the call's number, the architecture and the low halves of its arguments. */
interface Call {
  readonly number: number;
  readonly audit: number;
  readonly args?: readonly number[];
}

/** Runs a filter as the kernel's classic-BPF interpreter would; an unknown instruction or a wild jump throws. */
function answerTo(program: Uint8Array, call: Call): number {
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, call.number, true);
  data.setUint32(4, call.audit, true);
  call.args?.forEach((value, at) => data.setUint32(16 + 8 * at, value, true));
  let accumulator = 0;
  for (let at = 0; at < program.length / 8; at++) {
    const [code, k] = [view.getUint16(8 * at, true), view.getUint32(8 * at + 4, true)];
    const jump = (holds: boolean) => view.getUint8(8 * at + (holds ? 2 : 3));
    if (code === 0x20) accumulator = data.getUint32(k, true);
    else if (code === 0x54) accumulator = (accumulator & k) >>> 0;
    else if (code === 0x15) at += jump(accumulator === k);
    else if (code === 0x25) at += jump(accumulator > k);
    else if (code === 0x45) at += jump((accumulator & k) !== 0);
    else if (code === 0x06) return k;
    else throw new Error(`instruction ${code}`);
  }
  throw new Error('ran off the end');
}

/** Arguments a conditional rule lets through and ones it refuses. */
function examples(name: string): { allowed: readonly number[][]; refused: readonly number[][] } {
  const at = (index: number, value: number) => [...Array.from({ length: index }, () => 0), value];
  switch (name) {
    case 'socketpair':
      return { allowed: [at(0, 1)], refused: [at(0, 2), at(0, 10), at(0, 16), at(0, 0)] };
    case 'clone': // a thread, a fork; then each namespace flag for itself
      return {
        allowed: [at(0, 0x003d0f00), at(0, 0x01200011)],
        refused: [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000].map((flag) =>
          at(0, flag | 17),
        ),
      };
    case 'mknod':
      return { allowed: [at(1, 0o010600)], refused: [at(1, 0o100600), at(1, 0o020600), at(1, 0o060600), at(1, 0o600)] };
    case 'mknodat':
      return {
        allowed: [at(2, 0o010600)],
        refused: [at(2, 0o100600), at(2, 0o020600), at(2, 0o060600), at(2, 0o140600)],
      };
    case 'ioctl':
      return { allowed: [at(1, 0x5401), at(1, 0x5421)], refused: [at(1, 0x5412), at(1, 0x541c)] };
    default:
      throw new Error(`no examples for ${name}`);
  }
}

const isUnconditional = (rule: CallRule): rule is Extract<CallRule, { deny: unknown }> => 'deny' in rule;

describe.each(['x64', 'arm64'] as const satisfies FilterArchitecture[])('the filter on %s', (architecture) => {
  const program = seccompProgram(architecture);
  const audit = ARCHITECTURES[architecture];
  const listed = REFUSED_CALLS.flatMap((call) => {
    const number = call[architecture];
    return number === null ? [] : [{ ...call, number }];
  });

  test('fits the kernel: whole instructions, 4096 at most', () => {
    expect(program.length % 8).toBe(0);
    expect(program.length / 8).toBeLessThan(4096);
  });

  test('kills a foreign architecture before it looks at the number', () => {
    for (const other of [0x40000003, 0x40000028, 0, audit ^ 1]) {
      expect(answerTo(program, { number: 0, audit: other })).toBe(KILL);
      expect(answerTo(program, { number: listed[0]?.number ?? -1, audit: other })).toBe(KILL);
    }
  });

  test('answers ENOSYS to x32 and to every call newer than the review', () => {
    for (const number of [0x40000000, 0x40000029, 0x400001ff, LAST_REVIEWED_CALL + 1, 1000, 0x3fffffff, 0xffffffff]) {
      expect(answerTo(program, { number, audit })).toBe(ENOSYS);
    }
    expect(answerTo(program, { number: LAST_REVIEWED_CALL, audit })).toBe(ALLOW);
  });

  test('refuses each listed call, whatever its arguments, and allows every other number', () => {
    const answers = new Map(listed.map(({ number, rule }) => [number, rule]));
    expect(answers.size).toBe(listed.length);
    for (let number = 0; number <= LAST_REVIEWED_CALL; number++) {
      const rule = answers.get(number);
      if (rule !== undefined && !isUnconditional(rule)) continue;
      const expected = rule === undefined ? ALLOW : rule.deny === 'EPERM' ? EPERM : ENOSYS;
      for (const value of [0, 1, 0xffffffff]) {
        expect(answerTo(program, { number, audit, args: Array(6).fill(value) }), `call ${number}`).toBe(expected);
      }
    }
  });

  test('decides the others by their argument', () => {
    const conditional = listed.filter(({ rule }) => !isUnconditional(rule));
    expect(conditional.map(({ name }) => name)).toContain('clone');
    for (const { name, number } of conditional) {
      const { allowed, refused } = examples(name);
      for (const args of allowed) expect(answerTo(program, { number, audit, args }), name).toBe(ALLOW);
      for (const args of refused) expect(answerTo(program, { number, audit, args }), name).toBe(EPERM);
    }
  });
});
