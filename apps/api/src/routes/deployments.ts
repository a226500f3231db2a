import {
  deploymentBodySchema,
  deploymentPatchSchema,
  deploymentSchema,
  pageQuerySchema,
  pageOf as pageSchema,
} from '@hearth/contract';
import type { KeepAlive } from '@hearth/core';
import type { DeploymentRow, DeploymentScale, VersionRow } from '@hearth/store';
import { z } from 'zod';
import { noteChange } from '../audit/audit.ts';
import type { App, Context } from '../context.ts';
import { changeable, changed, visible } from '../deployment-access.ts';
import { checkHardware } from '../hardware.ts';
import { KEEP_ALIVE_FORMS, keepAliveOf } from '../keep-alive.ts';
import { answerPage, pageOf } from '../paging.ts';
import { callerOf } from '../plugins/auth.ts';
import { invalidField, notFound, Problem } from '../problem.ts';
import { deployedAs, wireDeployment } from '../wire.ts';

const tags = ['deployments'];
const params = z.object({ owner: z.string(), name: z.string() });

/**
 * Deployments. Whoever may use a deployment's model may see and run the deployment, because the run is on the caller's
 * bill; only its owner and admins change it.
 */
export function deploymentRoutes(app: App, context: Context): void {
  const { deps, urls, targets } = context;
  const { deployments } = deps.store;
  const toWire = async (row: DeploymentRow) => wireDeployment(row, await targets.account(row.releasedBy));

  app.post(
    '/deployments',
    {
      config: { needs: 'deploy', audit: 'deployments.create' },
      schema: { tags, body: deploymentBodySchema, response: { 200: deploymentSchema } },
    },
    async (request) => {
      const { name, model, version, hardware, min_instances, max_instances, keep_alive } = request.body;
      const caller = callerOf(request);
      await checkHardware(deps.store, hardware);
      const { version: found } = await targets.byVersion(version, caller);
      checkModel(found, model);
      checkRange(min_instances, max_instances);
      const made = await deployments.insert({
        owner: caller.account.username,
        name,
        modelId: found.modelId,
        versionId: found.id,
        hardwareSku: hardware,
        minInstances: min_instances,
        maxInstances: max_instances,
        keepAlive: keep_alive == null ? deps.settings.keepAlive : readKeepAlive(keep_alive),
        by: caller.account.username,
      });
      if (made === 'taken')
        throw new Problem('name-taken', `There is a deployment ${caller.account.username}/${name} already.`);
      changed(context);
      const subject = `${made.owner}/${made.name}`;
      noteChange(request, { subject, owner: made.owner, after: deployedAs(made) });
      return toWire(made);
    },
  );

  app.get(
    '/deployments',
    {
      config: { needs: 'read' },
      schema: { tags, querystring: pageQuerySchema, response: { 200: pageSchema(deploymentSchema) } },
    },
    async (request) => {
      const caller = callerOf(request);
      const owner = caller.operator ? undefined : caller.account.username;
      const page = pageOf(request.query.cursor);
      const rows = await deployments.list({ ...page, owner });
      return answerPage(rows, toWire, { urls, path: '/deployments', page });
    },
  );

  app.get(
    '/deployments/:owner/:name',
    { config: { needs: 'read' }, schema: { tags, params, response: { 200: deploymentSchema } } },
    async (request) => toWire(await visible(context, request.params, callerOf(request))),
  );

  app.patch(
    '/deployments/:owner/:name',
    {
      config: { needs: 'deploy', audit: 'deployments.update' },
      schema: { tags, params, body: deploymentPatchSchema, response: { 200: deploymentSchema } },
    },
    async (request) => {
      const caller = callerOf(request);
      const row = changeable(await visible(context, request.params, caller), caller);
      const { version, hardware, min_instances, max_instances, keep_alive } = request.body;
      const change: { -readonly [Key in keyof DeploymentScale]?: DeploymentScale[Key] } = {};
      if (hardware != null) {
        await checkHardware(deps.store, hardware);
        change.hardwareSku = hardware;
      }
      if (version != null) {
        const { version: found } = await targets.byVersion(version, caller);
        checkModel(found, row.model);
        change.versionId = found.id;
      }
      if (min_instances != null) change.minInstances = min_instances;
      if (max_instances != null) change.maxInstances = max_instances;
      if (keep_alive != null) change.keepAlive = readKeepAlive(keep_alive);
      checkRange(change.minInstances ?? row.minInstances, change.maxInstances ?? row.maxInstances);
      // As Replicate's, a PATCH makes a release even where its values are the current ones; it restarts nothing then.
      const by = caller.account.username;
      const updated = Object.keys(change).length > 0 ? await deployments.update(row.id, change, { by }) : row;
      if (updated === null) throw notFound(`Deployment ${row.owner}/${row.name}`);
      changed(context);
      const subject = `${row.owner}/${row.name}`;
      noteChange(request, { subject, owner: row.owner, before: deployedAs(row), after: deployedAs(updated) });
      return toWire(updated);
    },
  );

  app.delete(
    '/deployments/:owner/:name',
    { config: { needs: 'deploy', audit: 'deployments.remove' }, schema: { tags, params } },
    async (request, reply) => {
      const caller = callerOf(request);
      const row = changeable(await visible(context, request.params, caller), caller);
      if (!(await deployments.remove(row.id))) {
        throw new Problem('deployment-in-use', `${row.owner}/${row.name} has unfinished predictions.`);
      }
      noteChange(request, { subject: `${row.owner}/${row.name}`, owner: row.owner, before: deployedAs(row) });
      changed(context);
      return reply.code(204).send();
    },
  );
}

function checkModel(version: VersionRow, model: string): void {
  const of = `${version.owner}/${version.name}`;
  if (of !== model)
    throw invalidField('version', 'version_of_model', `${version.id} is a version of ${of}, not of ${model}`);
}

function checkRange(min: number, max: number): void {
  if (min > max) throw invalidField('min_instances', 'number_lte', `${min} is more than max_instances, ${max}`);
}

function readKeepAlive(value: number | string): KeepAlive {
  try {
    return keepAliveOf(value);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw invalidField('keep_alive', 'keep_alive', `${JSON.stringify(value)} is not ${KEEP_ALIVE_FORMS}`);
  }
}
