import { createRootRoute, createRoute, redirect } from '@tanstack/react-router';
import { sessionQuery } from '../api/session.ts';
import { NotFound } from './not-found.tsx';
import { queryClient } from './query-client.ts';
import { Root } from './root.tsx';
import { RouteError } from './route-error.tsx';
import { Shell } from './shell.tsx';

export const rootRoute = createRootRoute({
  component: Root,
  notFoundComponent: NotFound,
  errorComponent: RouteError,
});

/** Everything but the sign-in page: what is below it is seen by somebody who is signed in. */
export const appRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: 'app',
  component: Shell,
  errorComponent: RouteError,
  beforeLoad: async ({ location }) => {
    const session = await queryClient.ensureQueryData(sessionQuery);
    if (session === null) throw redirect({ to: '/sign-in', search: { to: location.href } });
  },
});

export type AppRoute = typeof appRoute;
