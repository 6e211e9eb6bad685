/**
 * OCSF 1.3.0, class Entity Management (3004). Acts in a room are what somebody did to a question, a dataset, an answer or a
 * member, which is what the class is about. API Activity (6003) and Datastore Activity (6005) demand `src_endpoint`, and the
 * log holds nobody's address: it would have to be made up. Of the activities only those of every 1.x are used.
 */
import { type Bilingual, canonicalText, type EntryType, type Json, toHex } from '@reinraum/protocol';
import { entryWords } from '../index/entry-words.ts';
import type { FoldedEntry } from '../index/fold.ts';
import type { ExportFormat } from './format.ts';
import { questionJson, rowJson } from './json-lines.ts';

const version = '1.3.0';
const classUid = 3004;
const activities = { create: 1, read: 2, update: 3, delete: 4, other: 99 } as const;
const severities = { Informational: 1, Low: 2, Medium: 3 } as const;

interface Mapped {
  readonly activity: keyof typeof activities;
  readonly entity: 'room' | 'enclave' | 'dataset' | 'question' | 'answer' | 'member' | 'details' | 'statement' | 'log';
  readonly severity: keyof typeof severities;
  readonly failed?: true;
}

const mapping: Readonly<Record<EntryType, Mapped>> = {
  'room.founded': { activity: 'create', entity: 'room', severity: 'Informational' },
  'enclave.started': { activity: 'other', entity: 'enclave', severity: 'Informational' },
  heartbeat: { activity: 'other', entity: 'enclave', severity: 'Informational' },
  'dataset.declared': { activity: 'create', entity: 'dataset', severity: 'Informational' },
  'dataset.admitted': { activity: 'update', entity: 'dataset', severity: 'Informational' },
  'dataset.rejected': { activity: 'other', entity: 'dataset', severity: 'Low', failed: true },
  'dataset.withdrawn': { activity: 'delete', entity: 'dataset', severity: 'Low' },
  'query.proposed': { activity: 'create', entity: 'question', severity: 'Informational' },
  'query.approved': { activity: 'update', entity: 'question', severity: 'Informational' },
  'query.revoked': { activity: 'update', entity: 'question', severity: 'Low' },
  'query.charged': { activity: 'other', entity: 'question', severity: 'Informational' },
  'query.released': { activity: 'read', entity: 'answer', severity: 'Informational' },
  'query.repeated': { activity: 'read', entity: 'answer', severity: 'Informational' },
  'query.failed': { activity: 'other', entity: 'question', severity: 'Medium', failed: true },
  'query.cleared': { activity: 'update', entity: 'question', severity: 'Low' },
  'release.retracted': { activity: 'update', entity: 'answer', severity: 'Medium' },
  'member.recovery-approved': { activity: 'update', entity: 'member', severity: 'Medium' },
  'member.recovered': { activity: 'update', entity: 'member', severity: 'Medium' },
  'detail.described': { activity: 'update', entity: 'member', severity: 'Informational' },
  'detail.opened': { activity: 'read', entity: 'details', severity: 'Low' },
  'detail.held': { activity: 'update', entity: 'details', severity: 'Low' },
  'detail.erasure-requested': { activity: 'other', entity: 'details', severity: 'Low' },
  'detail.erased': { activity: 'delete', entity: 'details', severity: 'Medium' },
  'review.completed': { activity: 'other', entity: 'log', severity: 'Informational' },
  'alert.acknowledged': { activity: 'other', entity: 'log', severity: 'Low' },
  'log.snapshot': { activity: 'other', entity: 'log', severity: 'Informational' },
  'log.held': { activity: 'update', entity: 'log', severity: 'Low' },
  'log.prune-requested': { activity: 'other', entity: 'log', severity: 'Low' },
  'log.pruned': { activity: 'delete', entity: 'log', severity: 'Medium' },
  'report.generated': { activity: 'other', entity: 'log', severity: 'Informational' },
  'statement.refused': { activity: 'other', entity: 'statement', severity: 'Low', failed: true },
  'session.opened': { activity: 'read', entity: 'log', severity: 'Informational' },
};

/** One event a line, with every attribute the class requires, and the entry as it was logged under `unmapped`. */
export const ocsf: ExportFormat = {
  head: '',
  record: (folded) => `${canonicalText(eventOf(folded))}\n`,
};

function eventOf(folded: FoldedEntry): Json {
  const { row, entry, question, leaf } = folded;
  const { activity, severity, failed } = mapping[row.type];
  const words = entryWords[row.type];
  const activityId = activities[activity];
  // The name of activity 99 is the source's own, as OCSF asks.
  const activityName = activity === 'other' ? words.en : `${activity.charAt(0).toUpperCase()}${activity.slice(1)}`;
  return {
    activity_id: activityId,
    activity_name: activityName,
    actor: actorOf(folded),
    category_name: 'Identity & Access Management',
    category_uid: 3,
    class_name: 'Entity Management',
    class_uid: classUid,
    ...(row.purpose === null ? {} : { comment: `${row.purpose}; ${row.legalBasis ?? ''}` }),
    entity: entityOf(folded),
    message: textOf(words),
    metadata: {
      event_code: row.type,
      log_name: `reinraum/${entry.room}`,
      product: { name: 'Reinraum', vendor_name: 'Reinraum' },
      sequence: row.index,
      uid: toHex(leaf),
      version,
    },
    severity,
    severity_id: severities[severity],
    status: failed ? 'Failure' : 'Success',
    status_id: failed ? 2 : 1,
    ...(row.code === null ? {} : { status_code: row.code }),
    time: Date.parse(row.at),
    type_name: `Entity Management: ${activityName}`,
    type_uid: classUid * 100 + activityId,
    unmapped: { ...rowJson(folded), entry: entry as Json, question: questionJson(question) },
  };
}

function textOf({ de, en }: Bilingual): string {
  return `${de} / ${en}`;
}

/** Who signed; for entries nobody signed, the build that wrote them. */
function actorOf({ row, entry }: FoldedEntry): Json {
  if (row.actor === null) return { app_name: 'Reinraum enclave', app_uid: entry.recorder };
  const [party = '', unit = ''] = row.unit?.split('/') ?? [];
  return { user: { org: { name: party, ou_name: unit }, type: 'User', type_id: 1, uid: row.actor } };
}

/** What was acted upon: it always has a `uid`. */
function entityOf({ row, entry, question }: FoldedEntry): Json {
  const type = mapping[row.type].entity;
  const named = question === null ? {} : { name: question.id };
  if (type === 'dataset') {
    const [uid = '', version = ''] = row.datasets[0]?.split('@') ?? [];
    return { type, uid, name: uid, version };
  }
  // An answer is known by the entry that released it; a repeat and a retraction point there.
  if (type === 'answer') return { type, uid: String(row.type === 'query.released' ? row.index : row.caused), ...named };
  if (type === 'member') return { type, uid: 'member' in entry.detail ? entry.detail.member : '' };
  if (type === 'statement') return { type, uid: entry.statements[0]?.digest ?? String(row.index) };
  if (type === 'enclave') return { type, uid: entry.recorder };
  return { type, uid: row.query ?? entry.room, ...named };
}
