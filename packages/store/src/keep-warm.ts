import { DEPLOYMENT } from './columns.ts';
import type { Database } from './database.ts';
import type { Deployments } from './store.ts';
import { atOrNull } from './values.ts';

/** No release: what a deployment is stays as it is. */
export const createKeepWarm =
  (db: Database): Deployments['keepWarm'] =>
  async (id, until) =>
    (await db
      .updateTable('deployments')
      .set({ warm_until: atOrNull(until) })
      .where('id', '=', id)
      .where('removed_at', 'is', null)
      .returning(DEPLOYMENT)
      .executeTakeFirst()) ?? null;
