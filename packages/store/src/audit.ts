import { sql } from 'kysely';
import type { Database } from './database.ts';
import { byId, keysetPage } from './keyset.ts';
import type { Audit, AuditEnd, AuditQuery } from './store.ts';
import { at, instant, json, jsonOrNull } from './values.ts';

export function createAudit(db: Database): Audit {
  return {
    async begin({ at: begunAt, tokenId, tokenName, asked, ...entry }) {
      await db
        .insertInto('audit_entries')
        .values({ ...entry, at: at(begunAt), token_id: tokenId, token_name: tokenName, asked: jsonOrNull(asked) })
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
      return rows.map(({ endedAt, status, code, endSubject, endOwner, changes, ...entry }) => ({
        ...entry,
        outcome:
          endedAt === null || status === null
            ? null
            : { at: endedAt, status, code, subject: endSubject, owner: endOwner, changes: changes ?? [] },
      }));
    },
  };
}

/** A subject is written with what a handler changed. A fault of ours says nothing of what was done before it. */
const END = sql<AuditEnd>`case
  when audit_outcomes.status < 400 or audit_outcomes.subject is not null then 'done'
  when audit_outcomes.status < 500 then 'refused'
  else 'unknown' end`;

function entries(db: Database, { account, operation, member, tokenId, subject, end, from, to }: AuditQuery) {
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
      'audit_entries.owner',
      'audit_entries.asked',
      END.as('end'),
      'audit_outcomes.at as endedAt',
      'audit_outcomes.status',
      'audit_outcomes.code',
      'audit_outcomes.subject as endSubject',
      'audit_outcomes.owner as endOwner',
      'audit_outcomes.changes',
    ]);
  if (account !== undefined)
    // What others asked for and did not do is theirs: it says who they are. Only an operator might have done it.
    query = query.where((entry) =>
      entry.or([
        entry('audit_entries.account', '=', account),
        entry.and([entry('audit_outcomes.owner', '=', account), entry(END, '=', 'done')]),
        entry.and([
          entry('audit_entries.owner', '=', account),
          entry('audit_entries.operator', '=', true),
          entry(END, '=', 'unknown'),
        ]),
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
  return end === undefined ? query : query.where(END, '=', end);
}
