import type { ModelRow } from '@hearth/store';
import type { Context } from './context.ts';
import { type Identity, mayChange, mayUse } from './plugins/auth.ts';
import { notFound, Problem } from './problem.ts';

/** @throws Problem `not-found` where the caller may not see it either */
export async function visibleModel(
  { targets }: Context,
  { owner, name }: { owner: string; name: string },
  caller: Identity,
): Promise<ModelRow> {
  const model = await targets.model(owner, name);
  if (model === null || !mayUse(caller, model)) throw notFound(`Model ${owner}/${name}`);
  return model;
}

/** Whether the caller may know of a model, by its `owner/name`. */
export async function seesModel({ targets }: Context, reference: string, caller: Identity): Promise<boolean> {
  const [owner = '', name = ''] = reference.split('/');
  const model = await targets.model(owner, name);
  return model !== null && mayUse(caller, model);
}

/** @throws Problem `not-found`, `forbidden` */
export async function changeableModel(
  context: Context,
  named: { owner: string; name: string },
  caller: Identity,
): Promise<ModelRow> {
  const model = await visibleModel(context, named, caller);
  if (mayChange(caller, model)) return model;
  throw new Problem('forbidden', `${model.owner}/${model.name} belongs to another account.`);
}
