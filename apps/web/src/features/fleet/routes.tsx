import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import type { AppRoute } from '../../app/app-route.tsx';
import { type FleetView, viewIn } from './view.ts';

export const fleetRoutes = (parent: AppRoute) =>
  [
    createRoute({
      getParentRoute: () => parent,
      path: '/fleet',
      validateSearch: ({ view }: Record<string, unknown>): { view?: FleetView | undefined } => ({ view: viewIn(view) }),
      component: lazyRouteComponent(() => import('./fleet-page.tsx'), 'FleetPage'),
    }),
  ] as const;
