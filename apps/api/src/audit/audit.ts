import type { ErrorCode } from '@hearth/contract';
import { newId } from '@hearth/kit';
import type { AuditEntry, Store } from '@hearth/store';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Identity } from '../plugins/auth.ts';
import { askedIn } from './asked.ts';
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
    audited: Audited | null;
    /** Why the request was refused. */
    refusal: ErrorCode | null;
  }
}

interface Audited {
  readonly entry: Omit<AuditEntry, 'owner' | 'asked'>;
  /** Of the entry, and of its outcome. */
  isBegun: boolean;
  isOver: boolean;
  change: Change | null;
}

/** No change is without its entry: where `begin` cannot write it, nothing is done; where `end` cannot, nothing is said to be done. */
export interface AuditLog {
  /** As soon as it is known who asks: from here on the request has an entry, also where it is refused. Writes nothing. */
  expect(request: FastifyRequest, caller: Identity, operation: string): void;
  /** Before anything is changed: writes who asks for what. Where nothing was expected, nothing. */
  begin(request: FastifyRequest, body?: unknown): Promise<void>;
  /** An `onSend` hook: before the answer goes out, writes what came of it. Where nothing was expected, nothing. */
  end(request: FastifyRequest, reply: FastifyReply): Promise<void>;
}

/** Notes what a request changed, for the audit log. */
export function noteChange(request: FastifyRequest, change: Change): void {
  if (request.audited !== null) request.audited.change = change;
}

export function createAuditLog({ audit }: Pick<Store, 'audit'>, now: () => number): AuditLog {
  const write = async (request: FastifyRequest, audited: Audited, body: unknown): Promise<void> => {
    await audit.begin({ ...audited.entry, ...askedIn(request.params, body) });
    audited.isBegun = true;
  };
  const close = async (request: FastifyRequest, audited: Audited, status: number): Promise<void> => {
    // Refused before it was read: nothing was changed, so there is time for the entry until now.
    if (!audited.isBegun) await write(request, audited, null);
    const { change } = audited;
    await audit.end(audited.entry.id, {
      at: now(),
      status,
      code: request.refusal,
      subject: change?.subject ?? null,
      owner: change?.owner ?? null,
      changes: changesBetween(change?.before ?? null, change?.after ?? null),
    });
    audited.isOver = true;
  };

  return {
    expect(request, caller, operation) {
      const at = now();
      const entry = {
        id: newId(at),
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
      };
      request.audited = { entry, isBegun: false, isOver: false, change: null };
    },

    async begin(request, body) {
      if (request.audited !== null) await write(request, request.audited, body);
    },

    async end(request, reply) {
      const { audited } = request;
      // An answer that fails on its way is followed by another: the first one that is written down counts.
      if (audited === null || audited.isOver) return;
      try {
        await close(request, audited, reply.statusCode);
      } catch (error) {
        // Only what is said to be done must be written down as done; in place of another answer this would be no better one.
        if (reply.statusCode < 400) throw error;
        const { id: entry, operation } = audited.entry;
        request.log.error({ err: error, entry, operation }, 'the audit log does not have what came of a request');
      }
    },
  };
}

/** `owner/name`, `id`: what a path names; null where it names nothing. */
function subjectIn(params: unknown): string | null {
  const named = Object.values((params ?? {}) as Record<string, string>).join('/');
  return named === '' ? null : named.slice(0, 300);
}
