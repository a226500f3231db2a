import { ApiError } from '@hearth/contract';
import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { sessionQuery } from '../api/session.ts';

/** What the API refused it refuses again; a broken line or a restarting server is worth another try. */
const MOST_RETRIES = 2;
const worthRetrying = (failures: number, error: unknown): boolean =>
  failures < MOST_RETRIES && !(error instanceof ApiError && error.status < 500);

export const queryClient: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError: noteEndOfSession }),
  mutationCache: new MutationCache({ onError: noteEndOfSession }),
  defaultOptions: { queries: { staleTime: 10_000, retry: worthRetrying } },
});

/** The token was revoked, or the session is over: the shell sees that nobody is signed in and leads to the sign-in page. */
function noteEndOfSession(error: unknown): void {
  if (error instanceof ApiError && error.status === 401) queryClient.setQueryData(sessionQuery.queryKey, null);
}
