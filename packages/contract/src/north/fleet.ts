import { z } from 'zod';
import { keepAliveSchema } from './deployment.ts';
import { wireDateSchema } from './page.ts';
import { bootProgressSchema } from './prediction.ts';

/** Ours: what runs where, and why. */
const failureSchema = z.object({
  kind: z.string(),
  phase: z.string().nullable(),
  message: z.string(),
  log_tail: z.string(),
  exit_code: z.int().nullable(),
  at: wireDateSchema,
});
export type WireFailure = z.infer<typeof failureSchema>;

export const instanceSchema = z.object({
  id: z.string(),
  /** `owner/name`; null where it was deleted since. */
  deployment: z.string().nullable(),
  model: z.string().nullable(),
  version: z.string(),
  hardware: z.string(),
  host: z.string(),
  devices: z.array(z.string()),
  runtime: z.enum(['docker', 'process']),
  memory_mib: z.int(),
  slots: z.int(),
  in_flight: z.int(),
  state: z.enum(['booting', 'ready', 'draining', 'stopping', 'stopped', 'failed']),
  since: wireDateSchema,
  reason: z.string(),
  last_used_at: wireDateSchema.nullable(),
  /** When each boot phase began. */
  phases: z.record(z.string(), wireDateSchema),
  failure: failureSchema.nullable(),
  created_at: wireDateSchema,
});
export type WireInstance = z.infer<typeof instanceSchema>;
/** `all=true`: stopped and failed ones too. */
export const instanceListQuerySchema = z.object({
  cursor: z.string().optional(),
  all: z.enum(['true', 'false']).optional(),
  /** `owner/name` */
  deployment: z.string().optional(),
});

/** One deployment at a glance. */
export const deploymentStatusSchema = z.object({
  deployment: z.string(),
  /** Made by the platform for a version that was run without a deployment. */
  implicit: z.boolean(),
  /** `train`: what the trainings of a version run on. */
  mode: z.enum(['predict', 'train']),
  model: z.string(),
  version: z.string(),
  /** The number of the current release. */
  release: z.int(),
  /** While instances of earlier releases serve: the current one, those, newest first, and a sentence. */
  rollout: z.object({ to: z.int(), from: z.array(z.int()), detail: z.string() }).nullable(),
  hardware: z.string(),
  min_instances: z.int(),
  max_instances: z.int(),
  keep_alive: keepAliveSchema,
  slots: z.int(),
  temperature: z.enum(['cold', 'booting', 'warm', 'busy']),
  instances: z.object({ booting: z.int(), ready: z.int(), draining: z.int(), stopping: z.int() }),
  /** How many of them are on which host, by its id. */
  hosts: z.record(z.string(), z.int()),
  queue: z.object({ waiting: z.int(), in_flight: z.int(), oldest_waiting_at: wireDateSchema.nullable() }),
  /** Why demand is not being met, as a word and a sentence; null when it is. */
  reason: z.string().nullable(),
  detail: z.string().nullable(),
  failure: failureSchema.nullable(),
  consecutive_failures: z.int(),
  retry_at: wireDateSchema.nullable(),
  boot: z
    .object({ instance: z.string(), phase: z.string(), since: wireDateSchema, progress: bootProgressSchema })
    .nullable(),
});
export type WireDeploymentStatus = z.infer<typeof deploymentStatusSchema>;
export const statusSchema = z.object({ deployments: z.array(deploymentStatusSchema) });
export type WireStatusPage = z.infer<typeof statusSchema>;
