import type { DeploymentRow } from '@hearth/store';
import type { Context } from './context.ts';
import { type Identity, mayChange, mayUse } from './plugins/auth.ts';
import { notFound, Problem } from './problem.ts';

/** The scheduler looks at what is to run, and every API process forgets what it kept. */
export function changed({ deps, targets }: Context): void {
  targets.forget();
  deps.bus.poke('api');
  deps.bus.poke('scheduler');
}

/** @throws Problem `not-found` where the caller may not see it either */
export async function visible(
  { deps, targets }: Context,
  { owner, name }: { owner: string; name: string },
  caller: Identity,
): Promise<DeploymentRow> {
  const row = await deps.store.deployments.byName(owner, name);
  const [modelOwner = '', modelName = ''] = row?.model.split('/') ?? [];
  const model = row && (await targets.model(modelOwner, modelName));
  if (row && model && (mayChange(caller, row) || mayUse(caller, model))) return row;
  throw notFound(`Deployment ${owner}/${name}`);
}

/** @throws Problem `forbidden` */
export function changeable(row: DeploymentRow, caller: Identity): DeploymentRow {
  if (mayChange(caller, row)) return row;
  throw new Problem('forbidden', `${row.owner}/${row.name} belongs to another account.`);
}
