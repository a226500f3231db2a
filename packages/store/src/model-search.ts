import { sql } from 'kysely';
import type { Database } from './database.ts';
import { completed, describedModels } from './describe.ts';
import type { Models } from './store.ts';

/** Full text, and the beginnings of words for who is still typing; without an extension, so on any Postgres. */
export async function searchModels(
  db: Database,
  { text, viewer, limit }: Parameters<Models['search']>[0],
  now: number,
): ReturnType<Models['search']> {
  const words = text.toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  if (words.length === 0) return [];
  const beginnings = words.map((word) => `${word}:*`).join(' & ');
  const query = sql`(websearch_to_tsquery('english', ${text}) || to_tsquery('simple', ${beginnings}))`;
  const name = text.trim().toLowerCase();
  // A name is what people look for first: the very name, then one that begins like it, then what the texts say.
  const score = sql<number>`(ts_rank(models.search, ${query})
    + case when ${name} in (models.name, models.owner || '/' || models.name) then 2
        when starts_with(models.name, ${name}) or starts_with(models.owner || '/' || models.name, ${name}) then 1
        else 0 end)`;
  const found = await describedModels(db, viewer, score)
    .where(sql<boolean>`models.search @@ ${query}`)
    .orderBy('mark', 'desc')
    .orderBy('models.runs', 'desc')
    .orderBy('models.id', 'desc')
    .limit(limit)
    .execute();
  return (await completed(db, found, now)).map(({ model, mark }) => ({ ...model, score: mark }));
}
