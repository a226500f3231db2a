import type { WireModel, WirePage } from '@hearth/contract';
import type { ModelPlace } from '@hearth/store';
import type { Context } from './context.ts';
import { answerPage, pageOf } from './paging.ts';
import { type Identity, viewerOf } from './plugins/auth.ts';
import { wireModel } from './wire.ts';

/** An instant in milliseconds and an id: a model's place in the list, whatever that is ordered by. */
const PLACE = /^\d{1,15}\.[0-9a-z]{1,64}$/;

interface ModelQuery {
  readonly cursor?: string | undefined;
  readonly sort_by?: 'model_created_at' | 'latest_version_created_at' | undefined;
  readonly sort_direction?: 'asc' | 'desc' | undefined;
}

/** A page of the models that the caller may see. */
export async function answerModels(
  { deps, urls }: Context,
  caller: Identity,
  { cursor, sort_by, sort_direction }: ModelQuery,
): Promise<WirePage<WireModel>> {
  const page = pageOf(cursor, PLACE);
  const rows = await deps.store.models.list({
    viewer: viewerOf(caller),
    sortBy: sort_by,
    direction: sort_direction,
    limit: page.limit,
    before: placeOf(page.before),
    after: placeOf(page.after),
  });
  return answerPage(rows, (row) => wireModel(row, urls), {
    urls,
    path: '/models',
    page,
    filters: { sort_by, sort_direction },
    keyOf: ({ place }) => `${place.at}.${place.id}`,
  });
}

function placeOf(key: string | undefined): ModelPlace | undefined {
  if (key === undefined) return undefined;
  const [at, id = ''] = key.split('.');
  return { at: Number(at), id };
}
