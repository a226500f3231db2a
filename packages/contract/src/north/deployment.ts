import { z } from 'zod';
import { nameSchema } from './account.ts';
import { lineSchema, wireDateSchema } from './page.ts';

/** Ours: how long an idle instance stays, in seconds or by a rule. */
export const keepAliveSchema = z.union([z.number(), z.enum(['until-needed', 'auto'])]);
export type WireKeepAlive = z.infer<typeof keepAliveSchema>;

const currentReleaseSchema = z.object({
  /** Counts from 1 and only rises: a rollback is a new release too. */
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
    keep_alive: keepAliveSchema,
  }),
});
export type WireCurrentRelease = z.infer<typeof currentReleaseSchema>;

export const deploymentSchema = z.object({
  owner: z.string(),
  name: z.string(),
  current_release: currentReleaseSchema,
});
export type WireDeployment = z.infer<typeof deploymentSchema>;

/** Ours: an item of a deployment's history. */
export const releaseSchema = currentReleaseSchema.extend({
  /** The number of the release whose content a rollback took; null where it was no rollback. */
  restores: z.int().nullable(),
});
export type WireRelease = z.infer<typeof releaseSchema>;

/** Ours: a deployment right after a rollback. */
export const rolledBackSchema = deploymentSchema.extend({ current_release: releaseSchema });
export type WireRolledBack = z.infer<typeof rolledBackSchema>;

const scale = {
  /** A SKU of `GET /v1/hardware`. */
  hardware: lineSchema(64),
  min_instances: z.int().min(0).max(5),
  max_instances: z.int().min(0).max(20),
};
/** Ours: seconds, a duration such as `5m`, `until-needed` or `auto`. */
const keepAlive = z.union([z.number().nonnegative(), z.string()]);

export const deploymentBodySchema = z.strictObject({
  name: nameSchema,
  model: lineSchema(201),
  version: lineSchema(266),
  ...scale,
  keep_alive: keepAlive.nullish(),
});
export type DeploymentBody = z.input<typeof deploymentBodySchema>;

/** What is null is left as it is: Python's clients send what they were given. */
export const deploymentPatchSchema = z.strictObject({
  version: lineSchema(266).nullish(),
  hardware: scale.hardware.nullish(),
  min_instances: scale.min_instances.nullish(),
  max_instances: scale.max_instances.nullish(),
  keep_alive: keepAlive.nullish(),
});
export type DeploymentPatch = z.input<typeof deploymentPatchSchema>;

/** Ours. `release`: which one to go back to; the one before the current where it is left out. */
export const rollbackBodySchema = z.strictObject({ release: z.int().min(1).nullish() }).nullish();
