import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import type { AppRoute } from '../../app/app-route.tsx';

export const predictionsRoutes = (parent: AppRoute) =>
  [
    createRoute({
      getParentRoute: () => parent,
      path: '/predictions',
      component: lazyRouteComponent(() => import('./predictions-page.tsx'), 'PredictionsPage'),
    }),
  ] as const;
