import { z } from 'zod';
import { nameSchema } from './account.ts';
import { lineSchema, pageQuerySchema, textSchema, wireDateSchema } from './page.ts';
import { predictionSchema } from './prediction.ts';

export const versionSchema = z.object({
  id: z.string(),
  created_at: wireDateSchema,
  cog_version: z.string(),
  openapi_schema: z.record(z.string(), z.unknown()),
});
export type WireVersion = z.infer<typeof versionSchema>;

export const modelSchema = z.object({
  url: z.string(),
  owner: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  visibility: z.enum(['public', 'private']),
  is_official: z.boolean(),
  github_url: z.string().nullable(),
  paper_url: z.string().nullable(),
  license_url: z.string().nullable(),
  weights_url: z.string().nullable(),
  run_count: z.int(),
  cover_image_url: z.string().nullable(),
  default_example: predictionSchema.nullable(),
  latest_version: versionSchema.nullable(),
  created_at: wireDateSchema,
  /** Ours: the SKU that it runs on where no deployment says another. */
  hardware: z.string(),
  /** Ours: the middle of the newest version's last successful runs without a deployment; null before the first. */
  measured: z.object({ runs: z.int(), run_seconds: z.number(), cost: z.number() }).nullable(),
});
export type WireModel = z.infer<typeof modelSchema>;

const link = lineSchema(2_000)
  .pipe(z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }))
  .nullish();

export const modelBodySchema = z.strictObject({
  owner: nameSchema,
  name: nameSchema,
  visibility: z.enum(['public', 'private']),
  /** A SKU of `GET /v1/hardware`. */
  hardware: lineSchema(64),
  description: textSchema(10_000).nullish(),
  github_url: link,
  paper_url: link,
  license_url: link,
  cover_image_url: link,
});
export type ModelBody = z.input<typeof modelBodySchema>;

/** What is left out stays; null takes away. From `visibility` on, the fields are ours. */
export const modelPatchSchema = z.strictObject({
  description: textSchema(10_000).nullish(),
  readme: textSchema(100_000).nullish(),
  github_url: link,
  paper_url: link,
  weights_url: link,
  license_url: link,
  visibility: z.enum(['public', 'private']).optional(),
  hardware: lineSchema(64).optional(),
  cover_image_url: link,
  /** The id of a prediction, which is pinned as an example if it is not one yet. */
  default_example: lineSchema(64).nullish(),
});
export type ModelPatch = z.input<typeof modelPatchSchema>;

export const modelListQuerySchema = pageQuerySchema.extend({
  sort_by: z.enum(['model_created_at', 'latest_version_created_at']).optional(),
  sort_direction: z.enum(['asc', 'desc']).optional(),
});

/** Ours: what is to be shown as an example. */
export const exampleBodySchema = z.strictObject({
  prediction: lineSchema(64),
  /** The one that the model is shown with. */
  default: z.boolean().optional(),
});
export type ExampleBody = z.input<typeof exampleBodySchema>;

const ENV_NAME = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'must be a name of an environment variable' });

const HOST = '(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*';
const PART = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const DIGEST = 'sha256:[0-9a-f]{64}';
/** What an image may be called. Source: the reference grammar of distribution; the lone digest is an engine's own id of it. */
export const IMAGE_REFERENCE = new RegExp(
  `^(?:${DIGEST}|(?:${HOST}(?::\\d+)?/)?${PART}(?:/${PART})*(?::\\w[\\w.-]{0,127})?(?:@${DIGEST})?)$`,
);

/** Ours: where a new version comes from. `path` is a folder on the host, for admins and the process runtime only. */
export const versionBodySchema = z.union(
  [
    z.strictObject({ image: lineSchema(500) }),
    z.strictObject({
      path: lineSchema(4_096),
      command: z.array(z.string()).min(1).optional(),
      env: z.record(ENV_NAME, z.string()).optional(),
    }),
  ],
  { error: 'must be {"image": "…"} or {"path": "…", "command"?: ["…"], "env"?: {"NAME": "…"}}' },
);
export type VersionBody = z.infer<typeof versionBodySchema>;
