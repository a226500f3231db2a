import type { DeploymentOverview, DeploymentRow } from '@hearth/store';
import type { Context } from './context.ts';
import { type Identity, mayUse } from './plugins/auth.ts';
import { notFound } from './problem.ts';

/**
 * A deployment by its `owner/name`; where there is none, the newest that the platform made to run a version of that model.
 * @throws Problem `not-found`
 */
export async function deploymentNamed({ deps }: Context, reference: string): Promise<DeploymentOverview> {
  const overview = await deps.store.deployments.overview();
  const [first] = overview
    .filter(({ deployment: { owner, name, mode } }) => `${owner}/${name}` === reference && mode === 'predict')
    .toSorted(
      ({ deployment: a }, { deployment: b }) => Number(a.implicit) - Number(b.implicit) || (a.id < b.id ? 1 : -1),
    );
  if (first === undefined) throw notFound(`Deployment ${reference}`);
  return first;
}

/** Members see what runs models that they may use; what belongs to nothing any more is for the operator. */
export async function maySee(
  { targets }: Context,
  caller: Identity,
  deployment: DeploymentRow | null,
): Promise<boolean> {
  if (caller.operator) return true;
  const [owner = '', name = ''] = deployment?.model.split('/') ?? [];
  const model = deployment && (await targets.model(owner, name));
  return model !== null && mayUse(caller, model);
}
