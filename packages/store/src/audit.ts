import type { Database } from './database.ts';
import { byId, keysetPage } from './keyset.ts';
import type { Audit, AuditQuery } from './store.ts';
import { at, instant, json } from './values.ts';

export function createAudit(db: Database): Audit {
  return {
    async begin({ at: begunAt, tokenId, tokenName, ...entry }) {
      await db
        .insertInto('audit_entries')
        .values({ ...entry, at: at(begunAt), token_id: tokenId, token_name: tokenName })
        .execute();
    },

    async end(entryId, { at: endedAt, changes, ...outcome }) {
      await db
        .insertInto('audit_outcomes')
        .values({ ...outcome, entry_id: entryId, at: at(endedAt), changes: json(changes) })
        .execute();
    },

    async list(query) {
      const rows = await keysetPage(entries(db, query), byId('audit_entries.id'), query);
      return rows.map(({ endedAt, status, code, endSubject, owner, changes, ...entry }) => ({
        ...entry,
        outcome:
          endedAt === null || status === null
            ? null
            : { at: endedAt, status, code, subject: endSubject, owner, changes: changes ?? [] },
      }));
    },
  };
}

function entries(db: Database, { account, operation, member, tokenId, subject, outcome, from, to }: AuditQuery) {
  let query = db
    .selectFrom('audit_entries')
    .leftJoin('audit_outcomes', 'audit_outcomes.entry_id', 'audit_entries.id')
    .select([
      'audit_entries.id',
      'audit_entries.at',
      'audit_entries.operation',
      'audit_entries.account',
      'audit_entries.member',
      'audit_entries.token_id as tokenId',
      'audit_entries.token_name as tokenName',
      'audit_entries.operator',
      'audit_entries.source',
      'audit_entries.ip',
      'audit_entries.subject',
      'audit_outcomes.at as endedAt',
      'audit_outcomes.status',
      'audit_outcomes.code',
      'audit_outcomes.subject as endSubject',
      'audit_outcomes.owner',
      'audit_outcomes.changes',
    ]);
  if (account !== undefined)
    // What was refused to others is theirs: it says who they are.
    query = query.where((entry) =>
      entry.or([
        entry('audit_entries.account', '=', account),
        entry.and([entry('audit_outcomes.owner', '=', account), entry('audit_outcomes.code', 'is', null)]),
      ]),
    );
  if (operation !== undefined) query = query.where('audit_entries.operation', '=', operation);
  if (member !== undefined) query = query.where('audit_entries.member', '=', member);
  if (tokenId !== undefined) query = query.where('audit_entries.token_id', '=', tokenId);
  if (subject !== undefined)
    query = query.where((entry) =>
      entry(entry.fn.coalesce('audit_outcomes.subject', 'audit_entries.subject'), '=', subject),
    );
  if (from !== undefined) query = query.where('audit_entries.at', '>=', instant(from));
  if (to !== undefined) query = query.where('audit_entries.at', '<', instant(to));
  if (outcome === 'unknown') return query.where('audit_outcomes.entry_id', 'is', null);
  if (outcome === 'done') return query.where('audit_outcomes.status', '<', 400);
  return outcome === 'refused' ? query.where('audit_outcomes.status', '>=', 400) : query;
}
