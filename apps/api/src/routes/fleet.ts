import {
  instanceListQuerySchema,
  instanceSchema,
  pageOf as pageSchema,
  statusSchema,
  type WireDeploymentStatus,
} from '@hearth/contract';
import { temperature } from '@hearth/core';
import type { DeploymentOverview, DeploymentRow, InstanceRow } from '@hearth/store';
import { z } from 'zod';
import type { App, Context } from '../context.ts';
import { wireKeepAlive } from '../keep-alive.ts';
import { answerPage, pageOf } from '../paging.ts';
import { callerOf, type Identity, mayChange, mayUse } from '../plugins/auth.ts';
import type { Boot } from '../predictions/waiting.ts';
import { notFound, Problem } from '../problem.ts';
import { rolloutOf } from '../rollout.ts';
import { date, dateOrNull, wireFailure, wireInstance } from '../wire.ts';

const tags = ['fleet'];
const SCHEDULER_ANSWER_MS = 5_000;

/** Ours: what runs where, and how warm everything is. */
export function fleetRoutes(app: App, context: Context): void {
  const { deps, urls } = context;

  app.get(
    '/instances',
    { schema: { tags, querystring: instanceListQuerySchema, response: { 200: pageSchema(instanceSchema) } } },
    async (request) => {
      const { cursor, all, deployment } = request.query;
      const caller = callerOf(request);
      const page = pageOf(cursor);
      const rows = await deps.store.instances.list({
        ...page,
        live: all === 'true' ? undefined : true,
        deploymentId: deployment === undefined ? undefined : await idOf(context, deployment),
      });
      const toItem = async (row: (typeof rows)[number]) => {
        const of = await context.targets.deployment(row.deploymentId);
        if (!(await maySee(context, caller, of))) return null;
        return wireInstance(row, { deployment: of && `${of.owner}/${of.name}`, model: of?.model ?? null });
      };
      return answerPage(rows, toItem, { urls, path: '/instances', page, filters: { all, deployment } });
    },
  );

  /** What a model prints may hold what its callers sent, so this is for those who run the deployment. */
  app.get('/instances/:id/logs', { schema: { tags, params: z.object({ id: z.string() }) } }, async (request, reply) => {
    const { id } = request.params;
    const row = await deps.store.instances.get(id);
    const of = row && (await context.targets.deployment(row.deploymentId));
    const caller = callerOf(request);
    const allowed = caller.role === 'admin' || (of !== null && mayChange(caller, of));
    if (row === null || !allowed) throw notFound(`Instance ${id}`);
    return reply.type('text/plain; charset=utf-8').send(await readLogs(context, row));
  });

  app.get('/status', { schema: { tags, response: { 200: statusSchema } } }, async (request) => {
    const rows = await deps.store.deployments.overview();
    const seen = await Promise.all(rows.map(({ deployment }) => maySee(context, callerOf(request), deployment)));
    const shown = rows.filter((_row, at) => seen[at]);
    return {
      deployments: await Promise.all(shown.map(async (row) => wireStatusOf(row, await context.bootOf(row.instances)))),
    };
  });
}

/** The scheduler alone sees containers and processes. Where it is silent, the end of the log that a failure kept. */
async function readLogs({ deps }: Context, row: InstanceRow): Promise<string> {
  try {
    const response = await fetch(`${deps.settings.schedulerUrl}/instances/${row.id}/logs`, {
      signal: AbortSignal.timeout(SCHEDULER_ANSWER_MS),
    });
    if (response.ok) return await response.text();
    deps.log.warn({ instance: row.id, status: response.status }, 'the scheduler has no logs');
  } catch (error) {
    deps.log.warn({ err: error, instance: row.id }, 'the scheduler does not answer');
  }
  if (row.failure !== null) return row.failure.logTail;
  throw new Problem('unavailable', 'The scheduler does not answer.', { headers: { 'retry-after': '5' } });
}

/** A deployment by its name; where there is none, the newest that the platform made to run a version of that model. */
async function idOf({ deps }: Context, reference: string): Promise<string> {
  const overview = await deps.store.deployments.overview();
  const named = overview
    .map(({ deployment }) => deployment)
    .filter(({ owner, name, mode }) => `${owner}/${name}` === reference && mode === 'predict')
    .toSorted((a, b) => Number(a.implicit) - Number(b.implicit) || (a.id < b.id ? 1 : -1));
  const [first] = named;
  if (first === undefined) throw notFound(`Deployment ${reference}`);
  return first.id;
}

/** Members see what runs models that they may use; what belongs to nothing any more is for admins. */
async function maySee({ targets }: Context, caller: Identity, deployment: DeploymentRow | null): Promise<boolean> {
  if (caller.role === 'admin') return true;
  const [owner = '', name = ''] = deployment?.model.split('/') ?? [];
  const model = deployment && (await targets.model(owner, name));
  return model !== null && mayUse(caller, model);
}

function wireStatusOf(
  { deployment, slots, status, demand, instances }: DeploymentOverview,
  boot: Boot | null,
): WireDeploymentStatus {
  const count = (state: InstanceRow['state']) => instances.filter((one) => one.state === state).length;
  return {
    deployment: `${deployment.owner}/${deployment.name}`,
    implicit: deployment.implicit,
    mode: deployment.mode,
    model: deployment.model,
    version: deployment.versionId,
    release: deployment.release,
    rollout: rolloutOf({ deployment, status, instances }),
    hardware: deployment.hardwareSku,
    min_instances: deployment.minInstances,
    max_instances: deployment.maxInstances,
    keep_alive: wireKeepAlive(deployment.keepAlive),
    slots,
    temperature: temperature(instances),
    instances: {
      booting: count('booting'),
      ready: count('ready'),
      draining: count('draining'),
      stopping: count('stopping'),
    },
    queue: {
      waiting: demand.waiting,
      in_flight: demand.inFlight,
      oldest_waiting_at: dateOrNull(demand.oldestWaitingAt),
    },
    reason: status?.blockedReason ?? null,
    detail: status?.blockedDetail ?? null,
    failure: status?.failure ? wireFailure(status.failure) : null,
    consecutive_failures: status?.consecutiveFailures ?? 0,
    retry_at: dateOrNull(status?.retryAt ?? null),
    boot: boot && { ...boot, since: date(boot.since) },
  };
}
