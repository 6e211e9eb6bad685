/** Trust policies: what is read, what is refused and in which line, and what a note is worth under one. */
import {
  type Cosigner,
  cosigner,
  ed25519Signer,
  ed25519Verifier,
  emptyRoot,
  evaluatePolicy,
  formatCheckpoint,
  formatVkey,
  intersecting,
  type NoteSigner,
  type Policy,
  PolicyError,
  parsePolicy,
  parsePolicyLogs,
  reachesQuorum,
  signCheckpoint,
} from '@reinraum/audit';
import { signingKey, toHex, utf8 } from '@reinraum/protocol';
import { describe, expect, it } from 'vitest';
import { smallOrderKeys } from '../support/small-order.ts';

const key = (fill: number) => signingKey(new Uint8Array(32).fill(fill));
const origin = 'example.com/log';
const logSigner = ed25519Signer(origin, key(1));
const logLine = `log ${formatVkey(origin, key(1).publicKey)} https://log.example/`;
const witnesses = Array.from({ length: 6 }, (_, at) => cosigner(`w.example/${at}`, key(100 + at), () => BigInt(at)));
const [w0, w1, w2, w3] = witnesses as [Cosigner, Cosigner, Cosigner, Cosigner];
const names = ['X1', 'X2', 'X3', 'Y1', 'Y2', 'Y3'];
const witnessLines = witnesses.map(({ vkey }, at) => `witness ${names[at] ?? ''} ${vkey}`);
const [x1, x2] = witnessLines as [string, string];
const text = (...lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

/** The example of the specification, with keys. */
const example = text(
  logLine,
  '',
  ...witnessLines.slice(0, 3),
  'group X-witnesses 2 X1 X2 X3',
  '',
  ...witnessLines.slice(3),
  'group Y-witnesses any Y1 Y2 Y3',
  '',
  'group X-and-Y all X-witnesses Y-witnesses',
  'quorum X-and-Y',
);
const reached = (policy: Policy, ...cosigned: readonly string[]) => reachesQuorum(policy, new Set(cosigned));

describe('the text of a policy', () => {
  it('is the example of the specification', () => {
    const policy = parsePolicy(example);
    expect(policy.logs.map(({ key, url }) => [key.name, url])).toEqual([[origin, 'https://log.example/']]);
    expect(policy.witnesses.map(({ name }) => name)).toEqual(names);
    expect(policy.witnesses.map(({ key }) => toHex(key.keyId))).toEqual(witnesses.map(({ keyId }) => toHex(keyId)));
    expect(reached(policy, 'X1', 'X3', 'Y2')).toBe(true);
    expect(reached(policy, ...names)).toBe(true);
    for (const few of [[], ['X1', 'X2', 'X3'], ['X1', 'Y1', 'Y2', 'Y3'], ['X1', 'X1', 'Y1'], ['X-and-Y']]) {
      expect(reached(policy, ...few), few.join()).toBe(false);
    }
    expect(parsePolicy(utf8(example)).witnesses).toHaveLength(6);
  });

  it('has comments, empty lines, and spaces and tabs anywhere between items', () => {
    const odd = text('# größer', ' \t# x', '', '\t ', `\twitness\t é  ${w0.vkey}\thttps://w.example/é `, ' quorum\té');
    const { witnesses, logs } = parsePolicy(odd);
    expect(logs).toEqual([]);
    expect(witnesses.map(({ name, url }) => [name, url])).toEqual([['é', 'https://w.example/é']]);
  });

  it('may end without a quorum for whoever only asks for its logs', () => {
    for (const policy of [example, text('# watched', logLine), text(logLine, 'quorum none')]) {
      expect(parsePolicyLogs(policy).map(({ key }) => key.name)).toEqual([origin]);
    }
    expect(parsePolicyLogs('')).toEqual([]);
    const refused = expect.objectContaining({ code: 'key-repeated', line: 2 });
    expect(() => parsePolicyLogs(text(logLine, logLine))).toThrow(refused);
  });

  it('may need no witness at all, and may name as many as 32', () => {
    expect(reached(parsePolicy('quorum none\n'))).toBe(true);
    const many = Array.from({ length: 33 }, (_, at) => cosigner(`w/${at}`, key(at + 1), () => 0n));
    const lines = many.map(({ vkey }, at) => `witness w${at} ${vkey}`);
    const all = Array.from({ length: 32 }, (_, at) => `w${at}`);
    const policy = parsePolicy(text(...lines.slice(0, 32), `group all 32 ${all.join(' ')}`, 'quorum all'));
    expect(reached(policy, ...all)).toBe(true);
    expect(reached(policy, ...all.slice(1))).toBe(false);
    expect(() => parsePolicy(text(...lines, 'quorum none'))).toThrow(
      expect.objectContaining({ code: 'too-many', line: 33 }),
    );
  });

  const groups = Array.from({ length: 33 }, (_, at) => `group g${at} any ${at === 0 ? 'X1' : `g${at - 1}`}`);
  const logs = Array.from({ length: 33 }, (_, at) => `log ${formatVkey('l', key(at + 1).publicKey)}`);
  const weak = formatVkey('weak', smallOrderKeys[0] ?? new Uint8Array(32), 4);
  it.each([
    ['quorum-missing', 1, ''],
    ['quorum-missing', 1, '\n'],
    ['quorum-missing', 2, text(logLine, x1)],
    ['quorum-repeated', 2, text('quorum none', 'quorum none')],
    ['characters', 1, 'quorum none'],
    ['characters', 2, 'quorum none\n '],
    ['characters', 1, 'quorum none\r\n'],
    ['characters', 1, 'quorum\u000bnone\n'],
    ['characters', 2, 'quorum none\n# \u0000\n'],
    ['characters', 2, 'quorum none\n# \u007f\n'],
    ['characters', 2, 'quorum none\n# \ud800\n'],
    ['line-unknown', 1, text('Quorum none')],
    ['line-unknown', 1, text('\ufeffquorum none')],
    ['line-unknown', 1, text('quorum')],
    ['line-unknown', 1, text('quorum none # comment')],
    ['line-unknown', 1, text('log')],
    ['line-unknown', 1, text(`${logLine} more`)],
    ['line-unknown', 1, text('witness X1')],
    ['line-unknown', 1, text(`${x1} https://a https://b`)],
    ['line-unknown', 2, text(x1, 'group g any')],
    ['line-unknown', 1, text('witnes a b')],
    ['line-unknown', 1, text('quorum\u00a0none')],
    ['vkey-malformed', 1, text(`witness X1 ${formatVkey('w', key(100).publicKey)}`)],
    ['vkey-malformed', 1, text(`log ${w0.vkey}`)],
    ['vkey-malformed', 1, text(`log ${'ab'.repeat(32)}`)],
    ['vkey-malformed', 1, text(x1.slice(0, -1))],
    ['key-weak', 1, text(`witness X1 ${weak}`)],
    ['key-repeated', 2, text(x1, `witness X2 ${w0.vkey}`)],
    ['key-repeated', 2, text(x1, `witness X2 ${cosigner('other', key(100), () => 0n).vkey}`)],
    ['key-repeated', 2, text(logLine, `log ${formatVkey('other', key(1).publicKey)}`)],
    ['key-repeated', 2, text(logLine, `witness X1 ${cosigner('w', key(1), () => 0n).vkey}`)],
    ['key-repeated', 2, text(x1, `log ${formatVkey('l', key(100).publicKey)}`)],
    ['url-malformed', 1, text(`${x1} ftp://w.example`)],
    ['url-malformed', 1, text(`${x1} w.example`)],
    ['url-malformed', 1, text(`${x1} https://`)],
    ['url-malformed', 1, text(`log ${formatVkey(origin, key(1).publicKey)} javascript:alert(1)`)],
    ['name-repeated', 2, text(x1, `witness X1 ${w1.vkey}`)],
    ['name-repeated', 2, text(x1, 'group X1 any X1')],
    ['name-repeated', 1, text(`witness none ${w0.vkey}`)],
    ['name-repeated', 2, text(x1, 'group none any X1')],
    ['name-unknown', 1, text('quorum X1', x1)],
    ['name-unknown', 2, text(x1, 'quorum x1')],
    ['name-unknown', 2, text(x1, 'group g any g')],
    ['name-unknown', 2, text(x1, 'group g any X1 none')],
    ['name-unknown', 2, text(x1, 'group g any X2', x2)],
    ['member-repeated', 2, text(x1, 'group g 2 X1 X1')],
    ['member-repeated', 4, text(x1, x2, 'group g any X1', 'group h all X1 X2')],
    ['threshold', 2, text(x1, 'group g 0 X1')],
    ['threshold', 2, text(x1, 'group g 2 X1')],
    ['threshold', 2, text(x1, 'group g 01 X1')],
    ['threshold', 2, text(x1, 'group g -1 X1')],
    ['threshold', 2, text(x1, 'group g 1.0 X1')],
    ['threshold', 2, text(x1, 'group g ANY X1')],
    ['threshold', 2, text(x1, 'group g 4294967297 X1')],
    ['too-many', 34, text(x1, ...groups)],
    ['too-many', 33, text(...logs)],
    ['too-many', 1, `${'#'.repeat(100_000)}\n`],
  ])('is refused: %s in line %i (%#)', (code, line, policy) => {
    const refused = (): unknown => parsePolicy(policy);
    expect(refused).toThrow(PolicyError);
    expect(refused).toThrow(expect.objectContaining({ code, line }));
    expect(refused).toThrow(new RegExp(`^${code}: Zeile ${line}: .+ / line ${line}: .+`));
  });

  it('is refused where it is not UTF-8, and never repeated in the message', () => {
    expect(() => parsePolicy(Uint8Array.of(0x23, 0xff, 0x0a))).toThrow(expect.objectContaining({ code: 'characters' }));
    expect(() => parsePolicy('log SECRET\n')).not.toThrow(/SECRET/);
  });
});

describe('two quorums', () => {
  const lines = witnessLines.slice(0, 4);
  it.each([
    [false, ['quorum none']],
    [true, ['quorum X1']],
    [true, ['group g any X1', 'quorum g']],
    [false, ['group g any X1 X2', 'quorum g']],
    [true, ['group g all X1 X2', 'quorum g']],
    [true, ['group g 2 X1 X2 X3', 'quorum g']],
    [false, ['group g 2 X1 X2 X3 Y1', 'quorum g']],
    [true, ['group g 3 X1 X2 X3 Y1', 'quorum g']],
    [true, ['group a any X1 X2', 'group g all a X3', 'quorum g']],
    [false, ['group a any X1 X2', 'group b any X3 Y1', 'group g all a b', 'quorum g']],
    [true, ['group a all X1 X2', 'group b any X3 Y1', 'group g all a b', 'quorum g']],
    [false, ['group a any X1 X2', 'group g 2 a X3 Y1', 'quorum g']],
    [true, ['group a all X1 X2', 'group g 2 a X3 Y1', 'quorum g']],
  ])('always share a witness: %s of %j', (expected, rules) => {
    expect(intersecting(parsePolicy(text(...lines, ...rules)))).toBe(expected);
  });
});

describe('a note under a policy', () => {
  const checkpoint = { origin, size: 0, root: emptyRoot() };
  const policy = parsePolicy(example);
  const noteOf = (...signers: readonly NoteSigner[]) => signCheckpoint(checkpoint, [logSigner, ...signers]);
  const broken = (signer: NoteSigner): NoteSigner => ({ ...signer, sign: () => Promise.resolve(new Uint8Array(72)) });

  it('has the valid cosignatures of known witnesses, each once, with their times', async () => {
    const stranger = cosigner('w.example/0', key(99), () => 0n);
    const note = await noteOf(w3, stranger, w0, w0, w2);
    const { checkpoint: verified, cosigned, quorum } = await evaluatePolicy(policy, note);
    expect(verified).toMatchObject({ origin, size: 0, note });
    expect(cosigned.map(({ witness, timeSeconds }) => [witness.name, timeSeconds])).toEqual([
      ['Y1', 3n],
      ['X1', 0n],
      ['X3', 2n],
    ]);
    expect(quorum).toBe(true);
    expect((await evaluatePolicy(policy, utf8(note))).quorum).toBe(true);
  });

  it('falls short of the quorum without being wrong', async () => {
    for (const signers of [[], [w0, w1, w2], [w0, w3], [w0, w0, w3]]) {
      expect((await evaluatePolicy(policy, await noteOf(...signers))).quorum).toBe(false);
    }
  });

  it('is rejected for one wrong cosignature, although the others are enough', async () => {
    const note = await noteOf(w0, w1, w3, broken(w2));
    await expect(evaluatePolicy(policy, note)).rejects.toMatchObject({ code: 'signature-invalid' });
  });

  it('has to be of a known log and signed by it', async () => {
    const elsewhere = { ...checkpoint, origin: 'example.com/other' };
    const foreign = await signCheckpoint(elsewhere, [ed25519Signer(elsewhere.origin, key(9)), w0, w1, w3]);
    await expect(evaluatePolicy(policy, foreign)).rejects.toMatchObject({ code: 'origin-unknown' });
    const unsigned = await signCheckpoint(checkpoint, [ed25519Signer(origin, key(9)), w0, w1, w3]);
    await expect(evaluatePolicy(policy, unsigned)).rejects.toMatchObject({ code: 'signature-unknown' });
    const forged = await signCheckpoint(checkpoint, [broken(logSigner), w0, w1, w3]);
    await expect(evaluatePolicy(policy, forged)).rejects.toMatchObject({ code: 'signature-invalid' });
    await expect(evaluatePolicy(policy, formatCheckpoint(checkpoint))).rejects.toMatchObject({
      code: 'note-malformed',
    });
    await expect(evaluatePolicy(parsePolicy('quorum none\n'), await noteOf())).rejects.toMatchObject({
      code: 'origin-unknown',
    });
  });

  it('may be of a log the caller knows, whose own key is no witness then', async () => {
    const own = cosigner('w.example/own', key(1), () => 1n);
    const alone = parsePolicy(text(`witness own ${own.vkey}`, 'quorum own'));
    const known = [ed25519Verifier(formatVkey(origin, key(1).publicKey))];
    const verdict = await evaluatePolicy(alone, await noteOf(own), known);
    expect(verdict).toMatchObject({ cosigned: [], quorum: false });
    const other = parsePolicy(text(x1, 'quorum X1'));
    expect(await evaluatePolicy(other, await noteOf(w0), known)).toMatchObject({ quorum: true });
  });

  it('knows a log by any of its keys, as long as none of them is abused', async () => {
    const second = ed25519Signer(origin, key(8));
    const two = parsePolicy(text(logLine, `log ${formatVkey(origin, key(8).publicKey)}`, 'quorum none'));
    for (const signers of [[logSigner], [second], [second, logSigner]]) {
      expect((await evaluatePolicy(two, await signCheckpoint(checkpoint, signers))).quorum).toBe(true);
    }
    await expect(
      evaluatePolicy(two, await signCheckpoint(checkpoint, [logSigner, broken(second)])),
    ).rejects.toMatchObject({ code: 'signature-invalid' });
  });
});
