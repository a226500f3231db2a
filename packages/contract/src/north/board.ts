import { z } from 'zod';
import { deploymentStatusSchema, instanceSchema } from './fleet.ts';
import { wireDateSchema } from './page.ts';

/** Ours: everything that is live, as `GET /v1/board/events` tells it. Rows are known by `id` within their section. */

const boardDeploymentSchema = deploymentStatusSchema.omit({ boot: true }).extend({
  id: z.string(),
  /** The newest boot, with what it usually takes; null where none of its instances boots. */
  boot: z
    .object({
      instance: z.string(),
      phase: z.string(),
      since: wireDateSchema,
      /** Of this phase, by earlier boots. */
      usual_seconds: z.number().nullable(),
      bytes: z.int().nullable(),
      total_bytes: z.int().nullable(),
      /** When it is expected to be ready; null where that is not known. */
      ready_at: wireDateSchema.nullable(),
    })
    .nullable(),
  /** Until when an operator wants one instance to be there. */
  warm_until: wireDateSchema.nullable(),
});
export type BoardDeployment = z.infer<typeof boardDeploymentSchema>;

const boardInstanceSchema = instanceSchema.omit({ failure: true }).extend({
  deployment_id: z.string(),
  /** Memory that it holds of its one GPU; 0: it holds its GPUs whole. */
  gpu_share_mib: z.int(),
  /** Why it takes nothing more, though it answers. */
  unhealthy: z.string().nullable(),
  /** What an operator asked of it. */
  ask: z.enum(['drain', 'stop']).nullable(),
});
export type BoardInstance = z.infer<typeof boardInstanceSchema>;

const boardHostSchema = z.object({
  id: z.string(),
  name: z.string(),
  state: z.enum(['new', 'ready', 'lost']),
  cordoned: z.boolean(),
  draining: z.boolean(),
  labels: z.record(z.string(), z.string()),
  memory_mib: z.int(),
  /** By instances, also those that the watcher may not see. */
  memory_held_mib: z.int(),
  instances: z.int(),
  devices: z.array(z.object({ id: z.string(), name: z.string(), vram_mib: z.int(), held_mib: z.int() })),
  lost_since: wireDateSchema.nullable(),
  lost_reason: z.string().nullable(),
});
export type BoardHost = z.infer<typeof boardHostSchema>;

/** One of the watcher's newest. */
const boardPredictionSchema = z.object({
  id: z.string(),
  model: z.string(),
  version: z.string(),
  /** `owner/name` where it came through one. */
  deployment: z.string().nullable(),
  status: z.enum(['starting', 'processing', 'succeeded', 'failed', 'canceled']),
  created_at: wireDateSchema,
  started_at: wireDateSchema.nullable(),
  completed_at: wireDateSchema.nullable(),
});
export type BoardPrediction = z.infer<typeof boardPredictionSchema>;

/** The data of the first event, `snapshot`: everything that the watcher may see. */
export const boardSnapshotSchema = z.object({
  /** When it was sent, on the server's clock. */
  at: wireDateSchema,
  deployments: z.array(boardDeploymentSchema),
  instances: z.array(boardInstanceSchema),
  hosts: z.array(boardHostSchema),
  predictions: z.array(boardPredictionSchema),
});
export type BoardSnapshot = z.infer<typeof boardSnapshotSchema>;

/** The data of every later event, `change`: whole rows that are new or say something else, and ids of those that left. */
export const boardChangeSchema = z.object({
  at: wireDateSchema,
  upserts: boardSnapshotSchema.omit({ at: true }).partial(),
  removals: z
    .object({
      deployments: z.array(z.string()),
      instances: z.array(z.string()),
      hosts: z.array(z.string()),
      predictions: z.array(z.string()),
    })
    .partial(),
});
export type BoardChange = z.infer<typeof boardChangeSchema>;

export const BOARD_SECTIONS = ['deployments', 'instances', 'hosts', 'predictions'] as const;
export type BoardSection = (typeof BOARD_SECTIONS)[number];
