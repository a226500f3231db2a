import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import type { AppRoute } from '../../app/app-route.tsx';

export const modelsRoutes = (parent: AppRoute) =>
  [
    createRoute({
      getParentRoute: () => parent,
      path: '/models',
      component: lazyRouteComponent(() => import('./models-page.tsx'), 'ModelsPage'),
    }),
  ] as const;
