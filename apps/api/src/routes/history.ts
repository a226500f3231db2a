import {
  instanceUsageQuerySchema,
  instanceUsageSchema,
  livesQuerySchema,
  livesSchema,
  metricsQuerySchema,
  metricsSchema,
  type WireDeploymentDay,
} from '@hearth/contract';
import type { DeploymentDay, DeploymentRow, InstanceLife, InstanceTime, MetricsStep } from '@hearth/store';
import { z } from 'zod';
import type { App, Context } from '../context.ts';
import { deploymentNamed, maySee } from '../deployment-reference.ts';
import { endOf, spansOf } from '../history/life.ts';
import { rangeOf, stepped } from '../history/range.ts';
import { callerOf, viewerOf } from '../plugins/auth.ts';
import { date, dateOrNull } from '../wire.ts';

const HOUR_MS = 3_600_000;
const MOST_LIVES = 500;

/** Ours: what there was. Timelines and metrics for whoever sees the deployment, what it cost for whoever runs it. */
export function historyRoutes(app: App, context: Context): void {
  const { now, store } = context.deps;
  const named = async (deployment: DeploymentRow | null) => ({
    deployment: deployment && `${deployment.owner}/${deployment.name}`,
    model: deployment?.model ?? null,
  });

  app.get(
    '/instances/timeline',
    {
      config: { needs: 'read' },
      schema: { tags: ['fleet'], querystring: livesQuerySchema, response: { 200: livesSchema } },
    },
    async (request) => {
      const { deployment } = request.query;
      const caller = callerOf(request);
      const range = rangeOf(request.query, { now: now(), usualMs: HOUR_MS, mostDays: 31 });
      const deploymentId =
        deployment === undefined ? undefined : (await deploymentNamed(context, deployment, caller)).deployment.id;
      const lives = await store.history.lives({ ...range, deploymentId, limit: MOST_LIVES });
      const results = await Promise.all(
        lives.map(async (life) => {
          const of = await context.targets.deployment(life.deploymentId);
          return (await maySee(context, caller, of)) ? [{ ...wireLife(life, now()), ...(await named(of)) }] : [];
        }),
      );
      return { from: date(range.from), to: date(range.until), results: results.flat() };
    },
  );

  app.get(
    '/deployments/:owner/:name/metrics',
    {
      config: { needs: 'read' },
      schema: {
        tags: ['deployments'],
        params: z.object({ owner: z.string(), name: z.string() }),
        querystring: metricsQuerySchema,
        response: { 200: metricsSchema },
      },
    },
    async (request) => {
      const reference = `${request.params.owner}/${request.params.name}`;
      const { deployment } = await deploymentNamed(context, reference, callerOf(request));
      const range = stepped(rangeOf(request.query, { now: now(), usualMs: HOUR_MS, mostDays: 31 }));
      const steps = await store.history.metrics({ deploymentId: deployment.id, ...range });
      const step_seconds = range.stepMs / 1_000;
      return { from: date(range.from), to: date(range.until), step_seconds, results: steps.map(wireStep) };
    },
  );

  app.get(
    '/usage/instances',
    {
      config: { needs: 'read' },
      schema: { tags: ['usage'], querystring: instanceUsageQuerySchema, response: { 200: instanceUsageSchema } },
    },
    async (request) => {
      const range = rangeOf(request.query, { now: now(), usualMs: 7 * 24 * HOUR_MS, mostDays: 92 });
      const days = await store.history.days({ ...range, now: now(), owner: viewerOf(callerOf(request)) });
      const results = days.map(async (day) => ({
        ...wireDay(day),
        ...(await named(await context.targets.deployment(day.deploymentId))),
      }));
      return { results: await Promise.all(results) };
    },
  );
}

const wireLife = (life: InstanceLife, now: number) => ({
  id: life.id,
  version: life.versionId,
  hardware: life.hardwareSku,
  host: life.hostId,
  devices: [...life.deviceIds],
  state: life.state,
  reason: life.reason,
  failure: life.failure,
  created_at: date(life.createdAt),
  ended_at: dateOrNull(endOf(life)),
  spans: spansOf(life, now).map(({ what, phase, from, until }) => ({
    what,
    phase,
    from: date(from),
    until: date(until),
  })),
});

const wireStep = ({ at, succeeded, failed, canceled, runMs, waitMs, queuePeak }: MetricsStep) => ({
  at: date(at),
  succeeded,
  failed,
  canceled,
  run_seconds: inSeconds(runMs),
  wait_seconds: inSeconds(waitMs),
  queue_peak: queuePeak,
});
const inSeconds = (ms: MetricsStep['runMs']) => ms && { p50: ms.p50 / 1_000, p95: ms.p95 / 1_000 };

/** Records of runs say no GPUs: what was billed held as many as the same day's busy instances did on average. */
function wireDay(row: DeploymentDay): Omit<WireDeploymentDay, 'deployment' | 'model'> {
  const billed_seconds = row.billedMicroseconds / 1_000_000;
  return {
    day: row.day,
    instance_seconds: timeInSeconds(row.time),
    gpu_seconds: timeInSeconds(row.gpu),
    predictions: row.predictions,
    billed_seconds,
    billed_gpu_seconds: row.time.busy > 0 ? (billed_seconds * row.gpu.busy) / row.time.busy : 0,
    cost_micros: row.costMicros,
    idle_micros: row.idleMicros,
    booting_micros: row.bootingMicros,
  };
}

const timeInSeconds = ({ booting, busy, idle, leaving }: InstanceTime) => ({
  booting: booting / 1_000,
  busy: busy / 1_000,
  idle: idle / 1_000,
  leaving: leaving / 1_000,
});
