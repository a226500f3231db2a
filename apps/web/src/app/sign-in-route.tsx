import { createRoute, redirect } from '@tanstack/react-router';
import { sessionQuery } from '../api/session.ts';
import { rootRoute } from './app-route.tsx';
import { queryClient } from './query-client.ts';
import { SignInPage } from './sign-in-page.tsx';

/** A path of this UI to go to afterwards; anything else is left aside, so that no link leads away from here. */
const ownPath = (to: unknown): string | undefined =>
  typeof to === 'string' && /^\/(?![/\\])/.test(to) ? to : undefined;

export const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sign-in',
  // Also where it is none of ours: what is left out here would stay as it was asked for.
  validateSearch: (search: Record<string, unknown>): { to?: string | undefined } => ({ to: ownPath(search.to) }),
  beforeLoad: async ({ search }) => {
    const session = await queryClient.ensureQueryData(sessionQuery);
    if (session !== null) throw redirect({ href: search.to ?? '/' });
  },
  component: SignInPage,
});
