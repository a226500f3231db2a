import { sql } from 'kysely';
import type { Database } from './database.ts';
import type { Accounts } from './store.ts';
import { instant } from './values.ts';

export function createWebhookSecrets(
  db: Database,
  now: () => number,
): Pick<Accounts, 'webhookSecrets' | 'rotateWebhookSecret'> {
  return {
    async webhookSecrets(accountId, make) {
      const kept = await db
        .selectFrom('accounts')
        .select(['webhook_secret as current', 'previous_webhook_secret as previous'])
        .select('previous_webhook_secret_until as previousUntil')
        .where('id', '=', accountId)
        .executeTakeFirst();
      if (!kept) return [];
      const { previous, previousUntil } = kept;
      const current = kept.current ?? (await keepFirst(accountId, make()));
      return previous !== null && previousUntil !== null && now() < previousUntil ? [current, previous] : [current];
    },

    async rotateWebhookSecret(accountId, secret, previousUntil) {
      const until = sql<Date | null>`case when webhook_secret is not null then ${instant(previousUntil)} end`;
      await db
        .updateTable('accounts')
        .set((eb) => ({
          previous_webhook_secret: eb.ref('webhook_secret'),
          previous_webhook_secret_until: until,
          webhook_secret: secret,
        }))
        .where('id', '=', accountId)
        .execute();
    },
  };

  /** The one that stands, where another process was first. */
  async function keepFirst(accountId: string, secret: string): Promise<string> {
    const { current } = await db
      .updateTable('accounts')
      .set((eb) => ({ webhook_secret: eb.fn.coalesce('webhook_secret', eb.val(secret)) }))
      .where('id', '=', accountId)
      .returning('webhook_secret as current')
      .executeTakeFirstOrThrow();
    return current ?? secret;
  }
}
