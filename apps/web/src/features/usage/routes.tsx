import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import type { AppRoute } from '../../app/app-route.tsx';

export const usageRoutes = (parent: AppRoute) =>
  [
    createRoute({
      getParentRoute: () => parent,
      path: '/usage',
      component: lazyRouteComponent(() => import('./usage-page.tsx'), 'UsagePage'),
    }),
  ] as const;
