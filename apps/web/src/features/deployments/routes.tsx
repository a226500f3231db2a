import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import type { AppRoute } from '../../app/app-route.tsx';

export const deploymentsRoutes = (parent: AppRoute) =>
  [
    createRoute({
      getParentRoute: () => parent,
      path: '/deployments',
      component: lazyRouteComponent(() => import('./deployments-page.tsx'), 'DeploymentsPage'),
    }),
    createRoute({
      getParentRoute: () => parent,
      path: '/deployments/$owner/$name',
      component: lazyRouteComponent(() => import('./deployment-page.tsx'), 'DeploymentPage'),
    }),
  ] as const;
