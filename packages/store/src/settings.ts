import type { Database } from './database.ts';
import type { Settings } from './store.ts';

export function createSettings(db: Database): Settings {
  const read = (key: string) => db.selectFrom('settings').select('value').where('key', '=', key).executeTakeFirst();

  return {
    async ensure(key, make) {
      const standing = await read(key);
      if (standing) return standing.value;
      await db
        .insertInto('settings')
        .values({ key, value: make() })
        .onConflict((conflict) => conflict.column('key').doNothing())
        .execute();
      const kept = await read(key);
      if (!kept) throw new Error(`setting ${key} was removed while it was being made`);
      return kept.value;
    },
  };
}
