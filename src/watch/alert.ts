/** What a watch over a log warns of, in words: German first, English second (docs/spec/audit-tools.md §6). */
import { type AlertKind, type Bilingual, heartbeatMs } from '@reinraum/protocol';

/** A warning. */
export interface Alert {
  readonly alert: AlertKind;
  /** The entry it is about; null where it is about none. */
  readonly entry: number | null;
  /** A rule or code, a member's reference, an account – what the words need; null where they need nothing. */
  readonly subject: string | null;
  readonly words: Bilingual;
}

/** After these the log is not believed any more, and the watch ends. */
const fatal: ReadonlySet<AlertKind> = new Set(['rollback', 'split-view', 'verification']);

/** Whether the evidence itself is contradicted. */
export function isFatal({ alert }: Alert): boolean {
  return fatal.has(alert);
}

/** The log has become shorter: whoever answers has gone back to an earlier state. */
export function rollback(size: number, seen: number): Alert {
  return {
    alert: 'rollback',
    entry: size,
    subject: null,
    words: {
      de: `Das Protokoll ist kürzer geworden: ${size} Einträge, zuletzt geprüft waren ${seen}.`,
      en: `The log has become shorter: ${size} entries, ${seen} were verified before.`,
    },
  };
}

/** Two signed heads that cannot both be of one log. `size` is that of the one verified before. */
export function splitView(size: number): Alert {
  return {
    alert: 'split-view',
    entry: null,
    subject: null,
    words: {
      de: `Zwei unterschriebene Stände widersprechen sich: Die ersten ${size} Einträge sind nicht mehr die zuletzt geprüften.`,
      en: `Two signed heads contradict each other: the first ${size} entries are not those verified before.`,
    },
  };
}

/** A signature, a proof or an entry does not hold. `rule` is its stable name. */
export function verification(entry: number | null, rule: string, message: string): Alert {
  const where = entry === null ? { de: '', en: '' } : { de: ` ab Eintrag ${entry}`, en: ` from entry ${entry} on` };
  return {
    alert: 'verification',
    entry,
    subject: rule,
    words: {
      de: `Das Protokoll hält der Prüfung nicht stand${where.de}: Regel ${rule}.`,
      en: `The log does not verify${where.en}: ${rule}: ${message}.`,
    },
  };
}

/** Nothing was learned of the log for too long: it does not answer, or its newest head is not witnessed. */
export function stale(lastAt: string): Alert {
  return {
    alert: 'stale-checkpoint',
    entry: null,
    subject: null,
    words: {
      de: `Seit ${lastAt} ist kein Eintrag und kein neuer Stand gekommen.`,
      en: `No entry and no new head since ${lastAt}.`,
    },
  };
}

/** The log answers, and its newest entry is too old: a running room would have logged a heartbeat. */
export function heartbeatMissing(entry: number, lastAt: string): Alert {
  const hours = heartbeatMs / 3_600_000;
  return {
    alert: 'heartbeat-missing',
    entry,
    subject: null,
    words: {
      de: `Das Lebenszeichen fehlt: Nach Eintrag ${entry} vom ${lastAt} ist nichts gekommen, obwohl ein laufender Raum spätestens nach ${hours} Stunden einen Eintrag schreibt.`,
      en: `No sign of life: nothing has come after entry ${entry} of ${lastAt}, though a running room writes an entry after ${hours} hours at the latest.`,
    },
  };
}

/** A hole between an entry and the one before it. */
export function gap(entry: number, hours: number): Alert {
  return {
    alert: 'gap',
    entry,
    subject: null,
    words: {
      de: `Vor Eintrag ${entry} liegen ${hours} Stunden ohne einen einzigen Eintrag.`,
      en: `Before entry ${entry} lie ${hours} hours without a single entry.`,
    },
  };
}

/** An entry logged just now whose time is not the time of this machine. Positive seconds: the log is ahead. */
export function clockSkew(entry: number, seconds: number): Alert {
  const [de, en] = seconds > 0 ? ['vor', 'ahead of'] : ['nach', 'behind'];
  return {
    alert: 'clock-skew',
    entry,
    subject: null,
    words: {
      de: `Die Uhr des Raums geht ${Math.abs(seconds)} Sekunden ${de} (Eintrag ${entry}).`,
      en: `The room’s clock is ${Math.abs(seconds)} seconds ${en} this one (entry ${entry}).`,
    },
  };
}

/** One member was refused again and again. */
export function refusals(entry: number, actor: string, count: number): Alert {
  return {
    alert: 'refusals',
    entry,
    subject: actor,
    words: {
      de: `${actor} wurde kurz nacheinander ${count}-mal abgewiesen, zuletzt mit Eintrag ${entry}.`,
      en: `${actor} was refused ${count} times within a short time, last by entry ${entry}.`,
    },
  };
}

/** Four fifths of an account are spent. */
export function balance(entry: number | null, account: string, spent: string, cap: string): Alert {
  return {
    alert: 'balance',
    entry,
    subject: account,
    words: {
      de: `Vom Budget „${account}“ sind mindestens 80 % verbraucht: ${spent} von ${cap}.`,
      en: `Of the budget “${account}” at least 80 % is spent: ${spent} of ${cap}.`,
    },
  };
}

/** What is kept longer than was agreed: a version of a dataset, or entries of the log before a snapshot. */
export function retentionOverdue(subject: string, entry: number | null, since: string): Alert {
  const what =
    entry === null
      ? { de: `Der Datensatz ${subject}`, en: `The dataset ${subject}` }
      : {
          de: `Was vor dem Schnappschuss ${entry} im Protokoll steht,`,
          en: `What the log has before snapshot ${entry}`,
        };
  return {
    alert: 'retention-overdue',
    entry,
    subject,
    words: {
      de: `${what.de} ist über seine Frist hinaus da; sie endete ${since}.`,
      en: `${what.en} is kept past its term, which ended ${since}.`,
    },
  };
}
