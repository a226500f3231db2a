import { explanationSchema, type WireExplanation } from '@hearth/contract';
import { type Explanation, type Spread, temperature } from '@hearth/core';
import type { DeploymentOverview } from '@hearth/store';
import { z } from 'zod';
import type { App, Context } from '../context.ts';
import { deploymentNamed } from '../deployment-reference.ts';
import { callerOf } from '../plugins/auth.ts';
import { rolloutOf } from '../rollout.ts';
import { askScheduler, schedulerIsSilent } from '../scheduler-client.ts';
import { date, dateOrNull } from '../wire.ts';

const params = z.object({ owner: z.string(), name: z.string() });

/** Ours: why a deployment is where it is, said by the one who decides it. */
export function explainRoutes(app: App, context: Context): void {
  app.get(
    '/deployments/:owner/:name/explain',
    { config: { needs: 'read' }, schema: { tags: ['deployments'], params, response: { 200: explanationSchema } } },
    async (request) => {
      const { owner, name } = request.params;
      const reference = `${owner}/${name}`;
      const row = await deploymentNamed(context, reference, callerOf(request));
      const answer = await askScheduler(context, `/deployments/${row.deployment.id}/explain`);
      if (answer === null) throw schedulerIsSilent();
      const said = (await answer.json()) as Explanation | null;
      return wireExplanation(row, said, await context.etaOf(row.deployment.id));
    },
  );
}

const AT_REST = 'Nothing waits and nothing runs, and no instance is kept: the next prediction boots one.';
const SWITCHED_OFF = 'It is switched off: its maximum is 0 instances.';

/** `said` is null of a deployment at rest, which no cycle looks at. */
function wireExplanation(
  row: DeploymentOverview,
  said: Explanation | null,
  etaSeconds: number | null,
): WireExplanation {
  const { deployment, demand, instances } = row;
  const atRest = deployment.maxInstances === 0 ? SWITCHED_OFF : AT_REST;
  return {
    deployment: `${deployment.owner}/${deployment.name}`,
    temperature: temperature(instances),
    queue: {
      waiting: demand.waiting,
      in_flight: demand.inFlight,
      oldest_waiting_at: dateOrNull(demand.oldestWaitingAt),
    },
    needed: said?.needed ?? 0,
    why: said?.why ?? atRest,
    measured: {
      run_seconds: inSeconds(said?.measures.runs ?? null),
      boot_seconds: inSeconds(said?.measures.boots ?? null),
    },
    instances: (said?.instances ?? []).map(({ id, hostId, state, since, inFlight, why, until, evictable }) => ({
      id,
      host: hostId,
      state,
      since: date(since),
      in_flight: inFlight,
      why,
      until: dateOrNull(until),
      evictable,
    })),
    rollout: rolloutOf(row)?.detail ?? null,
    blocked: said?.blocked ? { reason: said.blocked.reason, detail: said.blocked.detail } : null,
    next: (said?.next ?? []).map(({ at, what }) => ({ at: dateOrNull(at), what })),
    eta_seconds: etaSeconds,
  };
}

const inSeconds = (spread: Spread | null) =>
  spread && {
    count: spread.count,
    mean: spread.meanMs / 1_000,
    p50: spread.p50Ms / 1_000,
    p90: spread.p90Ms / 1_000,
  };
