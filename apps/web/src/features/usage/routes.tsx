import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import type { AppRoute } from '../../app/app-route.tsx';
import { usageViewIn } from './view.ts';

export const usageRoutes = (parent: AppRoute) =>
  [
    createRoute({
      getParentRoute: () => parent,
      path: '/usage',
      validateSearch: usageViewIn,
      component: lazyRouteComponent(() => import('./usage-page.tsx'), 'UsagePage'),
    }),
  ] as const;
