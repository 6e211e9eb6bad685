/** Forgeries beside the story of the one honest room: objects and journals, budgets, linked datasets, witnesses. */
import {
  type Cosigner,
  cosignatureType,
  cosigner,
  ed25519Signer,
  formatNote,
  formatVkey,
  parseNote,
  signNote,
} from '@reinraum/audit';
import { type Charter, CharterTemplate, partyOf, signingKey, toBase64 } from '@reinraum/protocol';
import type { Draft } from '../../enclave/ledger.ts';
import { enclaveKey, fixedCharter, people, seedOf } from './fixed-room.ts';
import { asked, insteadAt, type NamedForgery, offerOf } from './forgery.ts';
import { at, type HeldLog, honestLog, momentMs } from './honest-log.ts';
import { askedOf, linkedAt, linkedCharge, linkedLog } from './linked-log.ts';
import { once } from './once.ts';
import { queryDigest, Scribe } from './scribe.ts';
import { smallOrderKeys } from './small-order.ts';
import { template } from './small-room.ts';

const unchanged = ({ entries }: HeldLog) => entries;

/** The honest log with something beside its entries forged. */
export function forgedEvidence(of: () => Promise<HeldLog>): readonly NamedForgery[] {
  const altered = (what: string, entry: number | null, digest: (log: HeldLog) => string | undefined): NamedForgery => ({
    name: `an altered ${what}`,
    rule: 'object',
    entry,
    of,
    forge: unchanged,
    objects(log) {
      const name = digest(log) ?? '';
      const bytes = Uint8Array.from(log.objects.get(name) ?? []);
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
      return new Map([...log.objects, [name, bytes]]);
    },
  });
  return [
    altered('charter', null, ({ scribe }) => scribe.room),
    altered('statement', 5, ({ entries }) => entries[5]?.statements[0]?.digest),
    altered('query', at.proposed, () => queryDigest),
    altered('schema', 0, ({ scribe }) => scribe.charter.datasets[0]?.schema),
    altered('offer', at.declared, (log) => offerOf(log, at.declared)),
    {
      name: 'a journal that tells another story than the log',
      rule: 'journal',
      entry: at.session,
      of,
      forge: unchanged,
      journal: ({ entries }) => entries.filter((_, n) => n !== at.session),
    },
  ];
}

/** A charter with one more allotment than one for the other party. */
function withAllotment(allotment: object): CharterTemplate {
  const charter = template();
  const allotments = [{ for: { party: 'bureau' }, rho: '1/1000', delta: '1/1000' }, allotment];
  return CharterTemplate.parse({
    ...charter,
    populations: charter.populations.map((population) => ({ ...population, allotments })),
  });
}

const { ref, unit } = people.analyst.member;
// Each has room for the two charges of the honest story, and not for a third.
const balances: readonly (readonly [name: string, charter: CharterTemplate])[] = [
  ['a charge that overdraws ρ', template('1/4')],
  ['a charge that overdraws δ', template('1', '1/50000000')],
  [
    'a charge that overdraws a party’s ρ',
    withAllotment({ for: { party: partyOf(unit) }, rho: '1/4', delta: '1/1000' }),
  ],
  [
    'a charge that overdraws a party’s δ',
    withAllotment({ for: { party: partyOf(unit) }, rho: '1', delta: '1/50000000' }),
  ],
  ['a charge that overdraws a unit’s allotment', withAllotment({ for: { unit }, rho: '1/4', delta: '1/1000' })],
  [
    'a charge that overdraws a purpose’s allotment',
    withAllotment({ for: { purpose: 'planning' }, rho: '1/4', delta: '1/1000' }),
  ],
  [
    'a charge that overdraws an analyst’s allotment',
    withAllotment({ for: { each: 'analyst' }, rho: '1/4', delta: '1/1000' }),
  ],
];

/** The account each of {@link forgedBudgets} overdraws, as the verdict names it. */
export const overdrawn: readonly string[] = [
  'person',
  'person',
  `person party/${partyOf(unit)}`,
  `person party/${partyOf(unit)}`,
  `person unit/${unit}`,
  'person purpose/planning',
  `person analyst/${ref}`,
];

/** A third charge where there is room for two. */
export const forgedBudgets: readonly NamedForgery[] = balances.map(([name, charter]) => ({
  name,
  rule: 'budget',
  entry: at.failed,
  of: once(() => honestLog(charter)),
  forge: insteadAt(at.failed, (log, nowMs) => log.scribe.charged(nowMs, asked(log))),
}));

const linked = once(linkedLog);
const dayMs = 86_400_000;

const forgedCharges: readonly NamedForgery[] = [
  {
    name: 'a linked charge that names one of its two datasets',
    rule: 'dataset',
    entry: linkedAt.charged,
    of: linked,
    forge: insteadAt(linkedAt.charged, (log, nowMs) => linkedCharge(log.scribe, nowMs, askedOf(log).slice(0, 1))),
  },
  {
    name: 'a linked charge that names its datasets in another order',
    rule: 'dataset',
    entry: linkedAt.charged,
    of: linked,
    forge: insteadAt(linkedAt.charged, (log, nowMs) => linkedCharge(log.scribe, nowMs, askedOf(log).toReversed())),
  },
  {
    name: 'a linked charge with the approval of one of its two owners',
    rule: 'approval',
    entry: linkedAt.charged - 1,
    of: linked,
    forge: ({ entries }) => entries.filter((_, n) => n !== linkedAt.lastApproval),
  },
  {
    name: 'a linked charge after the withdrawal of its second dataset',
    rule: 'dataset',
    entry: linkedAt.charged + 1,
    of: linked,
    async forge({ scribe, entries }) {
      const before = entries.slice(0, linkedAt.charged);
      const [withdrawnMs, nowMs] = [momentMs(linkedAt.charged), momentMs(linkedAt.charged + 1)];
      const about = { dataset: 'debtors' };
      const withdrawn = await scribe.withdrawn(withdrawnMs, 1, {
        person: people.bureauSteward,
        body: about,
        detail: about,
      });
      const charge = await linkedCharge(scribe, nowMs, askedOf({ entries: before }));
      return [...before, scribe.entry(withdrawnMs, withdrawn), scribe.entry(nowMs, charge)];
    },
  },
  {
    name: 'a linked charge after the term of its second dataset',
    rule: 'dataset',
    entry: linkedAt.charged,
    of: linked,
    async forge(log) {
      const nowMs = momentMs(linkedAt.charged) + dayMs;
      const charge = await linkedCharge(log.scribe, nowMs, askedOf(log));
      return [...log.entries.slice(0, linkedAt.charged), log.scribe.entry(nowMs, charge)];
    },
  },
];

/** The room goes on with a second question, and its analyst is handed the answer to the first. */
const otherRelease: NamedForgery = {
  name: 'a repeat that delivers the release of another query',
  rule: 'release',
  entry: linkedAt.released + 5,
  of: linked,
  async forge({ scribe, entries }) {
    const told = [...entries];
    const tell = async (draft: (nowMs: number) => Promise<Draft>) => {
      const nowMs = momentMs(told.length);
      told.push(scribe.entry(nowMs, await draft(nowMs)));
    };
    await tell((nowMs) => scribe.judged(nowMs, 'propose'));
    for (const person of [people.steward, people.cityDpo, people.bureauDpo]) {
      await tell((nowMs) => scribe.judged(nowMs, 'approve', { person }));
    }
    await tell((nowMs) => scribe.repeated(nowMs, linkedAt.released));
    return told;
  },
};

/** A question about two linked datasets of two owners, and one beside it. */
export const forgedLinks: readonly NamedForgery[] = [...forgedCharges, otherRelease];

const cosigners = ['one', 'two', 'three'].map((name) =>
  cosigner(`${name}.example`, signingKey(seedOf(name)), () => BigInt(momentMs(1) / 1000)),
);
const [one, two] = cosigners as [Cosigner, Cosigner, Cosigner];
const strangers = ['four', 'five'].map((name) =>
  cosigner(`${name}.example`, signingKey(seedOf(name)), () => BigInt(momentMs(1) / 1000)),
);

/** A room with these witnesses and its first two entries. Its charter is whatever the caller says, valid or not. */
function witnessed(change: Partial<Charter>): () => Promise<HeldLog> {
  return once(async () => {
    const witnesses = cosigners.map(({ vkey, name }) => ({ key: vkey, url: `https://${name}` }));
    const scribe = new Scribe({ ...fixedCharter(), witnesses, quorum: 2, ...change });
    const drafts = [await scribe.founded(momentMs(0)), await scribe.started(momentMs(1))];
    return { scribe, entries: drafts.map((draft, n) => scribe.entry(momentMs(n), draft)), objects: new Map() };
  });
}

/** The honest room with witnesses: its checkpoint has a quorum. */
export const witnessedRoom: Omit<NamedForgery, 'name' | 'rule' | 'entry'> = {
  of: witnessed({}),
  forge: unchanged,
  note: cosignedBy(one, two),
};

/** The note with cosignatures of these. */
function cosignedBy(...by: readonly Cosigner[]): (note: string) => Promise<string> {
  return async (note) => {
    const { text, signatures } = parseNote(note);
    const lines = await Promise.all(by.map(async (signer) => parseNote(await signNote(text, [signer])).signatures));
    return formatNote({ text, signatures: [...signatures, ...lines.flat()] });
  };
}

/** Cosignatures of another log of the same size under the same name, hung on this one's checkpoint. */
async function cosignedElsewhere(note: string): Promise<string> {
  const { text, signatures } = parseNote(note);
  const [origin = '', size = ''] = text.split('\n');
  const other = `${origin}\n${size}\n${toBase64(new Uint8Array(32).fill(7))}\n`;
  const foreign = parseNote(await signNote(other, [ed25519Signer(origin, enclaveKey), one, two])).signatures;
  return formatNote({ text, signatures: [...signatures, ...foreign.slice(1)] });
}

const unwitnessed = (name: string, note: (note: string) => Promise<string>, rule = 'quorum-missing'): NamedForgery => ({
  ...witnessedRoom,
  name,
  rule,
  entry: null,
  note,
});
const misfounded = (name: string, entry: number | null, change: Partial<Charter>): NamedForgery => ({
  name,
  rule: 'founding',
  entry,
  of: witnessed(change),
  forge: unchanged,
  note: cosignedBy(one, two),
});
const witnessOf = (key: string) => ({ key, url: 'https://witness.example' });
const weakKey = smallOrderKeys[1] ?? new Uint8Array();

/** A room whose charter asks for two of three witnesses, or is made so that two histories can both have enough. */
export const forgedWitnesses: readonly NamedForgery[] = [
  unwitnessed('a checkpoint no witness has cosigned', async (note) => note),
  unwitnessed('a checkpoint one witness short', cosignedBy(one)),
  unwitnessed('a checkpoint cosigned twice by one witness', cosignedBy(one, one)),
  unwitnessed('a checkpoint cosigned by strangers', cosignedBy(one, ...strangers)),
  unwitnessed('a checkpoint with the cosignatures of another history', cosignedElsewhere, 'signature-invalid'),
  misfounded('a charter with a quorum that can be split', null, { quorum: 1 }),
  misfounded('a charter with more of a quorum than witnesses', null, { quorum: 4 }),
  misfounded('a charter with the log’s own key for a witness', 0, {
    witnesses: [
      witnessOf(formatVkey('own.example', enclaveKey.publicKey, cosignatureType)),
      ...[one, two].map(({ vkey }) => witnessOf(vkey)),
    ],
  }),
  misfounded('a charter with one witness under two names', 0, {
    witnesses: [
      ...[one, two].map(({ vkey }) => witnessOf(vkey)),
      witnessOf(formatVkey('again.example', one.publicKey, cosignatureType)),
    ],
  }),
  misfounded('a charter with a witness whose key is of small order', 0, {
    witnesses: [
      ...[one, two].map(({ vkey }) => witnessOf(vkey)),
      witnessOf(formatVkey('weak.example', weakKey, cosignatureType)),
    ],
  }),
];
