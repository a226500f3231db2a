import type { Generated } from 'kysely';
import type { AccountRow, AuditChange, AuditEntry, MemberRow, Scope } from '../store.ts';
import type { Instant, InstantOrNull, Json, JsonOrNull } from './column-types.ts';

export interface AccountTables {
  accounts: {
    id: string;
    type: AccountRow['type'];
    username: string;
    name: string;
    created_at: Instant;
    webhook_secret: string | null;
    previous_webhook_secret: string | null;
    previous_webhook_secret_until: InstantOrNull;
    weight: Generated<number>;
    max_in_flight: number | null;
  };
  members: {
    id: string;
    account_id: string;
    name: string;
    role: MemberRow['role'];
    created_at: Instant;
  };
  tokens: {
    id: string;
    account_id: string;
    member_id: string;
    name: string;
    scope: Scope;
    operator: boolean;
    hash: string;
    hint: string;
    created_at: Instant;
    expires_at: InstantOrNull;
    last_used_at: InstantOrNull;
  };
  sessions: {
    hash: string;
    token_id: string;
    created_at: Instant;
    expires_at: Instant;
  };
  audit_entries: {
    id: string;
    at: Instant;
    operation: string;
    account: string;
    member: string;
    token_id: string;
    token_name: string;
    operator: boolean;
    source: AuditEntry['source'];
    ip: string;
    subject: string | null;
    owner: string | null;
    asked: JsonOrNull<Readonly<Record<string, unknown>>>;
  };
  audit_outcomes: {
    entry_id: string;
    at: Instant;
    status: number;
    code: string | null;
    subject: string | null;
    owner: string | null;
    changes: Json<readonly AuditChange[]>;
  };
}
