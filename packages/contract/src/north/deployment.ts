import { z } from 'zod';
import { nameSchema } from './account.ts';
import { lineSchema, wireDateSchema } from './page.ts';

export const deploymentSchema = z.object({
  owner: z.string(),
  name: z.string(),
  current_release: z.object({
    number: z.int(),
    model: z.string(),
    version: z.string(),
    created_at: wireDateSchema,
    created_by: z.object({
      type: z.enum(['user', 'organization']),
      username: z.string(),
      name: z.string(),
      avatar_url: z.string().nullable(),
      github_url: z.string().nullable(),
    }),
    configuration: z.object({
      hardware: z.string(),
      min_instances: z.int(),
      max_instances: z.int(),
      /** Ours: seconds that an idle instance stays. */
      keep_alive: z.number(),
    }),
  }),
});
export type WireDeployment = z.infer<typeof deploymentSchema>;

const scale = {
  /** A SKU of `GET /v1/hardware`. */
  hardware: lineSchema(64),
  min_instances: z.int().min(0).max(5),
  max_instances: z.int().min(0).max(20),
};
/** Ours: seconds, or a duration such as `5m`. */
const keepAlive = z.union([z.number().nonnegative(), z.string()]);

export const deploymentBodySchema = z.strictObject({
  name: nameSchema,
  model: lineSchema(201),
  version: lineSchema(266),
  ...scale,
  keep_alive: keepAlive.optional(),
});
export type DeploymentBody = z.input<typeof deploymentBodySchema>;

export const deploymentPatchSchema = z.strictObject({
  version: lineSchema(266).optional(),
  hardware: scale.hardware.optional(),
  min_instances: scale.min_instances.optional(),
  max_instances: scale.max_instances.optional(),
  keep_alive: keepAlive.optional(),
});
export type DeploymentPatch = z.input<typeof deploymentPatchSchema>;
