import type { Millis } from '@hearth/core';

/** Who asked for a change, and for which. Written before the change is made. */
export interface AuditEntry {
  readonly id: string;
  readonly at: Millis;
  /** `models.update`: the API says what there is. */
  readonly operation: string;
  /** Of the token that asked: the account's username, the member's name, the token's id and name. */
  readonly account: string;
  readonly member: string;
  readonly tokenId: string;
  readonly tokenName: string;
  readonly operator: boolean;
  readonly source: 'api' | 'web';
  readonly ip: string;
  /** What was to be changed, as the request named it; null where it is only being made. */
  readonly subject: string | null;
  /** The username of whose thing it is, as far as the request named it. */
  readonly owner: string | null;
  /** Fields by dotted path, without secrets; null: it asked for nothing beside the subject, or was refused before it was read. */
  readonly asked: Readonly<Record<string, unknown>> | null;
}
/** A field that is another than before; null: it was not there, or is not any more. */
export interface AuditChange {
  readonly field: string;
  readonly before: unknown;
  readonly after: unknown;
}
/** What came of it. Written before the request is answered. */
export interface AuditOutcome {
  readonly at: Millis;
  /** HTTP status of the answer. */
  readonly status: number;
  /** Why it was refused; null where it was done. */
  readonly code: string | null;
  /** What was changed; null where no handler said so. */
  readonly subject: string | null;
  /** The username of whose thing was changed. */
  readonly owner: string | null;
  readonly changes: readonly AuditChange[];
}
/**
 * `done`: answered so, or a handler said what it had changed. `refused`: the request's fault. `unknown`: the rest, because
 * the api ended or failed in the middle, or is at it still.
 */
export type AuditEnd = 'done' | 'refused' | 'unknown';
export interface AuditRow extends AuditEntry {
  readonly end: AuditEnd;
  readonly outcome: AuditOutcome | null;
}
export interface AuditQuery {
  readonly limit: number;
  readonly before?: string | undefined;
  readonly after?: string | undefined;
  /** What this account's tokens asked for, and what others did to its things; left out, everything. */
  readonly account?: string | undefined;
  readonly operation?: string | undefined;
  readonly member?: string | undefined;
  readonly tokenId?: string | undefined;
  readonly subject?: string | undefined;
  readonly end?: AuditEnd | undefined;
  readonly from?: Millis | undefined;
  readonly to?: Millis | undefined;
}
/** api: what was changed by whom. Append-only: the tables refuse an update and a delete. */
export interface Audit {
  begin(entry: AuditEntry): Promise<void>;
  end(entryId: string, outcome: AuditOutcome): Promise<void>;
  /** Newest first. */
  list(query: AuditQuery): Promise<AuditRow[]>;
}
