import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import type { AppRoute } from '../../app/app-route.tsx';

export const fleetRoutes = (parent: AppRoute) =>
  [
    createRoute({
      getParentRoute: () => parent,
      path: '/fleet',
      component: lazyRouteComponent(() => import('./fleet-page.tsx'), 'FleetPage'),
    }),
  ] as const;
