import { createRoute, lazyRouteComponent, redirect } from '@tanstack/react-router';
import type { AppRoute } from '../../app/app-route.tsx';
import { readModelSearch } from './model-search.ts';

export const modelsRoutes = (parent: AppRoute) =>
  [
    createRoute({
      getParentRoute: () => parent,
      path: '/models',
      validateSearch: (search: Record<string, unknown>): { q?: string } =>
        typeof search.q === 'string' && search.q !== '' ? { q: search.q } : {},
      component: lazyRouteComponent(() => import('./models-page.tsx'), 'ModelsPage'),
    }),
    createRoute({
      getParentRoute: () => parent,
      path: '/models/$owner/$name',
      validateSearch: readModelSearch,
      component: lazyRouteComponent(() => import('./model-page.tsx'), 'ModelPage'),
    }),
    // What the API gives as a model's `url`.
    createRoute({
      getParentRoute: () => parent,
      path: '/$owner/$name',
      beforeLoad: ({ params }) => {
        throw redirect({ to: '/models/$owner/$name', params, replace: true });
      },
    }),
  ] as const;
