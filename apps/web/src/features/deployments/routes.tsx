import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import type { AppRoute } from '../../app/app-route.tsx';
import { deploymentsViewIn } from './view.ts';

export const deploymentsRoutes = (parent: AppRoute) =>
  [
    createRoute({
      getParentRoute: () => parent,
      path: '/deployments',
      validateSearch: deploymentsViewIn,
      component: lazyRouteComponent(() => import('./deployments-page.tsx'), 'DeploymentsPage'),
    }),
    createRoute({
      getParentRoute: () => parent,
      path: '/deployments/$owner/$name',
      component: lazyRouteComponent(() => import('./deployment-page.tsx'), 'DeploymentPage'),
    }),
  ] as const;
