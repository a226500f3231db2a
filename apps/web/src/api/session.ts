import {
  ApiError,
  allows,
  type NEEDS,
  problemSchema,
  type Scope,
  type WireAccount,
  type WireSession,
} from '@hearth/contract';
import { queryOptions, useQuery } from '@tanstack/react-query';
import { setPublicUrl } from './client.ts';

/** Who is signed in. */
export interface Session {
  readonly account: WireAccount;
  /** The member of the account whose token it began with. */
  readonly member: string;
  readonly scope: Scope;
  readonly operator: boolean;
}

/** Whether the API would let this person do something of a class. */
export const may = (session: Session | null | undefined, need: keyof typeof NEEDS): boolean =>
  session != null && allows(session, need);

/** Whether the API would let this person change what belongs to `owner`. */
export const mayChange = (session: Session | null | undefined, owner: string): boolean =>
  session != null && may(session, 'deploy') && (session.operator || session.account.username === owner);

/** For a button: pressed where the API would let this person do it, and else says why not. `owner`: of what it changes. */
export function useNeeds(need: keyof typeof NEEDS, owner?: string): { disabled?: true; title?: string } {
  const { data: session } = useQuery(sessionQuery);
  if (session == null) return {};
  if (!may(session, need))
    return { disabled: true, title: `Needs the scope ${need}; you signed in with a token that has ${session.scope}.` };
  if (owner !== undefined && !mayChange(session, owner)) return { disabled: true, title: `It belongs to ${owner}.` };
  return {};
}

/** Null: nobody. */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: async (): Promise<Session | null> => sessionOf(await request('GET')),
  staleTime: 5 * 60_000,
});

/** @throws ApiError `unauthenticated` where the token is none */
export async function signIn(token: string): Promise<Session> {
  const session = sessionOf(await request('POST', { token }));
  if (session === null) throw new Error('The API let nobody in and did not say why.');
  return session;
}

/** Ends the session of this browser; the token stays. */
export async function signOut(): Promise<void> {
  await request('DELETE');
}

async function request(method: 'GET' | 'POST' | 'DELETE', body?: { token: string }): Promise<WireSession | null> {
  const response = await fetch('/session', {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const text = await response.text();
  if (!response.ok) throw new ApiError(response.status, problemIn(text), text);
  return text === '' ? null : (JSON.parse(text) as WireSession);
}

function problemIn(text: string) {
  try {
    return problemSchema.parse(JSON.parse(text));
  } catch {
    // Not one of our problems: a proxy's page. Whoever reads the error gets the text.
    return null;
  }
}

function sessionOf(wire: WireSession | null): Session | null {
  if (wire !== null) setPublicUrl(wire.public_url);
  return wire?.account && wire.power ? { account: wire.account, ...wire.power } : null;
}
