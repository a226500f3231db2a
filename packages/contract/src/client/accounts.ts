import type {
  AccountBody,
  AccountPatch,
  TokenBody,
  WireAccount,
  WireAccountShare,
  WireMember,
  WireNewToken,
  WireToken,
} from '../north/account.ts';
import type { AuditFilters, WireAuditEntry } from '../north/audit.ts';
import type { WirePage } from '../north/page.ts';
import type { Http } from './http.ts';
import { part, search } from './path.ts';

/** The part of the client that is about accounts, their people and what those changed. */
export function createAccounts(http: Http) {
  const { get, post } = http;
  return {
    account: () => get<WireAccount>('/account'),
    /** For operators. */
    accounts: {
      list: () => http.every<WireAccountShare>('/accounts'),
      get: (username: string) => get<WireAccountShare>(`/accounts/${part(username)}`),
      create: (body: AccountBody) => post<WireAccountShare>('/accounts', body),
      update: (username: string, body: AccountPatch) =>
        http.json<WireAccountShare>('PATCH', `/accounts/${part(username)}`, body),
    },
    /** The persons of an account. */
    members: {
      list: (username: string) => get<WireMember[]>(`/accounts/${part(username)}/members`),
      add: (username: string, body: { name: string; role: WireMember['role'] }) =>
        post<WireMember>(`/accounts/${part(username)}/members`, body),
      update: (username: string, name: string, role: WireMember['role']) =>
        http.json<WireMember>('PATCH', `/accounts/${part(username)}/members/${part(name)}`, { role }),
      /** With all of the member's tokens. */
      remove: (username: string, name: string) =>
        http.empty('DELETE', `/accounts/${part(username)}/members/${part(name)}`),
    },
    tokens: {
      /** Of one account; left out, of the one that asks. */
      list: (username?: string) => get<WireToken[]>(`/tokens?${search({ username })}`),
      create: (body: TokenBody) => post<WireNewToken>('/tokens', body),
      remove: (id: string) => http.empty('DELETE', `/tokens/${part(id)}`),
    },
    /** One page of what was changed, newest first; give `next` of a page for the one after it. */
    audit: (filters: AuditFilters | string = {}) =>
      get<WirePage<WireAuditEntry>>(typeof filters === 'string' ? filters : `/audit?${search(filters)}`),
  };
}
