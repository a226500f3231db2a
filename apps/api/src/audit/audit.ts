import type { ErrorCode } from '@hearth/contract';
import { newId } from '@hearth/kit';
import type { Store } from '@hearth/store';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Identity } from '../plugins/auth.ts';
import { changesBetween } from './changes.ts';

/** What a handler says of its change. */
interface Change {
  /** `owner/name`, or an id: what was changed. */
  readonly subject: string;
  /** The username of whose it is; null: the installation's. */
  readonly owner: string | null;
  /** As its fields were and are; null: it was not there, or is not any more. Left out, there are none. */
  readonly before?: object | null;
  readonly after?: object | null;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Of the entry that this request has in the audit log; null: it has none. */
    audited: { readonly entryId: string; change: Change | null; isOver: boolean } | null;
    /** Why the request was refused. */
    refusal: ErrorCode | null;
  }
}

export interface AuditLog {
  /** Before anything is changed: writes who asks for what. */
  begin(request: FastifyRequest, caller: Identity, operation: string): Promise<void>;
  /** An `onSend` hook: before the answer goes out, writes what came of it. Where there was no `begin`, nothing. */
  end(request: FastifyRequest, reply: FastifyReply): Promise<void>;
}

/** Notes what a request changed, for the audit log. */
export function noteChange(request: FastifyRequest, change: Change): void {
  if (request.audited !== null) request.audited.change = change;
}

export function createAuditLog({ audit }: Pick<Store, 'audit'>, now: () => number): AuditLog {
  return {
    async begin(request, caller, operation) {
      const at = now();
      const entryId = newId(at);
      await audit.begin({
        id: entryId,
        at,
        operation,
        account: caller.account.username,
        member: caller.member,
        tokenId: caller.tokenId,
        tokenName: caller.tokenName,
        operator: caller.operator,
        source: caller.source,
        ip: request.ip,
        subject: subjectIn(request.params),
      });
      request.audited = { entryId, change: null, isOver: false };
    },

    async end(request, reply) {
      const { audited, refusal } = request;
      // An answer that fails on its way is followed by another: the first one counts.
      if (audited === null || audited.isOver) return;
      audited.isOver = true;
      const done = refusal === null ? audited.change : null;
      await audit.end(audited.entryId, {
        at: now(),
        status: reply.statusCode,
        code: refusal,
        subject: done?.subject ?? null,
        owner: done?.owner ?? null,
        changes: changesBetween(done?.before ?? null, done?.after ?? null),
      });
    },
  };
}

/** `owner/name`, `id`: what a path names; null where it names nothing. */
function subjectIn(params: unknown): string | null {
  const named = Object.values((params ?? {}) as Record<string, string>).join('/');
  return named === '' ? null : named.slice(0, 300);
}
