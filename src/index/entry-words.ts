/** What an entry and an activity are called where people read them: German first, English second. */
import type { Activity, Bilingual, EntryType } from '@reinraum/protocol';

/** What happened, as the heading of an entry. */
export const entryWords: Readonly<Record<EntryType, Bilingual>> = {
  'room.founded': { de: 'Raum gegründet', en: 'room founded' },
  'enclave.started': { de: 'Enklave gestartet', en: 'enclave started' },
  heartbeat: { de: 'Lebenszeichen', en: 'sign of life' },
  'dataset.declared': { de: 'Datensatz angekündigt', en: 'dataset declared' },
  'dataset.admitted': { de: 'Datensatz zugelassen', en: 'dataset admitted' },
  'dataset.rejected': { de: 'Datensatz abgelehnt', en: 'dataset rejected' },
  'dataset.withdrawn': { de: 'Datensatz zurückgezogen', en: 'dataset withdrawn' },
  'query.proposed': { de: 'Frage vorgeschlagen', en: 'question proposed' },
  'query.approved': { de: 'Frage freigegeben', en: 'question approved' },
  'query.revoked': { de: 'Freigabe widerrufen', en: 'approval revoked' },
  'query.charged': { de: 'Antwort abgebucht', en: 'answer charged' },
  'query.released': { de: 'Antwort erteilt', en: 'answer released' },
  'query.repeated': { de: 'Antwort wiederholt', en: 'answer repeated' },
  'query.failed': { de: 'Antwort gescheitert', en: 'answer failed' },
  'query.cleared': { de: 'Aussetzung aufgehoben', en: 'suspension lifted' },
  'release.retracted': { de: 'Antwort zurückgezogen', en: 'answer retracted' },
  'member.recovery-approved': { de: 'Neue Schlüssel genehmigt', en: 'new keys approved' },
  'member.recovered': { de: 'Neue Schlüssel gültig', en: 'new keys in force' },
  'detail.described': { de: 'Mitglied beschrieben', en: 'member described' },
  'detail.opened': { de: 'Angaben eingesehen', en: 'details read' },
  'detail.held': { de: 'Löschsperre geändert', en: 'hold on details changed' },
  'detail.erasure-requested': { de: 'Löschung beantragt', en: 'erasure requested' },
  'detail.erased': { de: 'Angaben gelöscht', en: 'details erased' },
  'review.completed': { de: 'Prüfung abgeschlossen', en: 'review completed' },
  'alert.acknowledged': { de: 'Warnung zur Kenntnis genommen', en: 'warning acknowledged' },
  'log.snapshot': { de: 'Schnappschuss des Protokolls', en: 'snapshot of the log' },
  'log.held': { de: 'Löschsperre des Protokolls geändert', en: 'hold on the log changed' },
  'log.prune-requested': { de: 'Löschung alter Einträge beantragt', en: 'pruning of old entries requested' },
  'log.pruned': { de: 'Alte Einträge gelöscht', en: 'old entries pruned' },
  'report.generated': { de: 'Bericht erstellt', en: 'report made' },
  'statement.refused': { de: 'Handlung abgelehnt', en: 'act refused' },
  'session.opened': { de: 'Protokoll eingesehen', en: 'log read' },
};

/** The words of the Standard-Datenschutzmodell. */
export const activityWords: Readonly<Record<Activity, Bilingual>> = {
  erheben: { de: 'Erheben', en: 'collect' },
  veraendern: { de: 'Verändern', en: 'alter' },
  abfragen: { de: 'Abfragen', en: 'retrieve' },
  offenlegen: { de: 'Offenlegen', en: 'disclose' },
  verknuepfen: { de: 'Verknüpfen', en: 'combine' },
  loeschen: { de: 'Löschen', en: 'erase' },
  einschraenken: { de: 'Einschränken', en: 'restrict' },
  verwalten: { de: 'Verwalten', en: 'administer' },
};
