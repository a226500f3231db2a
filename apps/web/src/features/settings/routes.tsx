import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import type { AppRoute } from '../../app/app-route.tsx';
import { type SettingsTab, settingsTabOf } from './tab.ts';

export const settingsRoutes = (parent: AppRoute) =>
  [
    createRoute({
      getParentRoute: () => parent,
      path: '/settings',
      validateSearch: (search: Record<string, unknown>): { tab?: SettingsTab | undefined } => ({
        tab: settingsTabOf(search.tab),
      }),
      component: lazyRouteComponent(() => import('./settings-page.tsx'), 'SettingsPage'),
    }),
  ] as const;
