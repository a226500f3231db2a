import { auditEntrySchema, auditQuerySchema, pageOf as pageSchema, type WireAuditEntry } from '@hearth/contract';
import type { AuditRow } from '@hearth/store';
import type { App, Context } from '../context.ts';
import { answerPage, pageOf } from '../paging.ts';
import { callerOf, type Identity, requireOperator } from '../plugins/auth.ts';
import { date } from '../wire.ts';

/** Ours: who changed what. An account's owners see what its tokens did and what was done to its things, the operator all. */
export function auditRoutes(app: App, { deps, urls }: Context): void {
  app.get(
    '/audit',
    {
      config: { needs: 'admin' },
      schema: { tags: ['account'], querystring: auditQuerySchema, response: { 200: pageSchema(auditEntrySchema) } },
    },
    async (request) => {
      const { cursor, token: tokenId, from, to, ...filters } = request.query;
      const { outcome: end, ...which } = filters;
      const caller = callerOf(request);
      const account = filters.account ?? (caller.operator ? undefined : caller.account.username);
      if (account !== caller.account.username) requireOperator(caller);
      const page = pageOf(cursor);
      const rows = await deps.store.audit.list({
        ...page,
        ...which,
        end,
        account,
        tokenId,
        from: from === undefined ? undefined : Date.parse(from),
        to: to === undefined ? undefined : Date.parse(to),
      });
      const repeated = { ...filters, token: tokenId, from, to };
      return answerPage(rows, (row) => wireEntry(row, caller), { urls, path: '/audit', page, filters: repeated });
    },
  );
}

function wireEntry({ outcome, ...row }: AuditRow, caller: Identity): WireAuditEntry {
  const isOwn = caller.operator || row.account === caller.account.username;
  return {
    id: row.id,
    at: date(row.at),
    operation: row.operation,
    outcome: row.end,
    status: outcome?.status ?? null,
    code: outcome?.code ?? null,
    account: row.account,
    member: row.member,
    token: isOwn ? { id: row.tokenId, name: row.tokenName } : null,
    operator: row.operator,
    source: row.source,
    ip: isOwn ? row.ip : null,
    subject: outcome?.subject ?? row.subject,
    owner: outcome?.owner ?? (row.end === 'unknown' ? row.owner : null),
    asked: row.asked,
    changes: [...(outcome?.changes ?? [])],
  };
}
