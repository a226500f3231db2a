import { createRoute, createRouter, redirect } from '@tanstack/react-router';
import { deploymentsRoutes } from '../features/deployments/routes.tsx';
import { fleetRoutes } from '../features/fleet/routes.tsx';
import { modelsRoutes } from '../features/models/routes.tsx';
import { predictionsRoutes } from '../features/predictions/routes.tsx';
import { settingsRoutes } from '../features/settings/routes.tsx';
import { usageRoutes } from '../features/usage/routes.tsx';
import { appRoute, rootRoute } from './app-route.tsx';
import { NotFound } from './not-found.tsx';
import { signInRoute } from './sign-in-route.tsx';

const homeRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/models' });
  },
});

/** Whatever no page is at. */
const elsewhereRoute = createRoute({ getParentRoute: () => appRoute, path: '$', component: NotFound });

const routeTree = rootRoute.addChildren([
  signInRoute,
  appRoute.addChildren([
    homeRoute,
    elsewhereRoute,
    ...modelsRoutes(appRoute),
    ...predictionsRoutes(appRoute),
    ...deploymentsRoutes(appRoute),
    ...fleetRoutes(appRoute),
    ...usageRoutes(appRoute),
    ...settingsRoutes(appRoute),
  ]),
]);

export const router = createRouter({
  routeTree,
  defaultPreload: 'intent',
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
