import { createRoute, lazyRouteComponent, redirect } from '@tanstack/react-router';
import type { AppRoute } from '../../app/app-route.tsx';
import { readFilters } from './filters.ts';

export const predictionsRoutes = (parent: AppRoute) =>
  [
    createRoute({
      getParentRoute: () => parent,
      path: '/predictions',
      validateSearch: readFilters,
      component: lazyRouteComponent(() => import('./predictions-page.tsx'), 'PredictionsPage'),
    }),
    createRoute({
      getParentRoute: () => parent,
      path: '/predictions/$id',
      component: lazyRouteComponent(() => import('./prediction-page.tsx'), 'PredictionPage'),
    }),
    // What the API gives as `urls.web`: the short one, to share.
    createRoute({
      getParentRoute: () => parent,
      path: '/p/$id',
      beforeLoad: ({ params }) => {
        throw redirect({ to: '/predictions/$id', params, replace: true });
      },
    }),
  ] as const;
