import { accountSchema } from '@hearth/contract';
import type { App } from '../context.ts';
import { callerOf } from '../plugins/auth.ts';

export function accountRoutes(app: App): void {
  app.get(
    '/account',
    { config: { needs: 'read' }, schema: { tags: ['account'], response: { 200: accountSchema } } },
    async (request) => {
      const { type, username, name } = callerOf(request).account;
      return { type, username, name };
    },
  );
}
