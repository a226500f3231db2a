import { z } from 'zod';
import { lineSchema, wireDateSchema } from './page.ts';

/** Ours: the machines that run instances. */
const deviceSchema = z.object({ id: z.string(), name: z.string(), vram_mib: z.int() });

const hostCheckSchema = z.object({
  name: z.enum(['engine', 'version', 'clock', 'gpus', 'isolation', 'disk', 'callback', 'port']),
  status: z.enum(['ok', 'warning', 'failed', 'unchecked']),
  /** What was found, in a sentence. */
  detail: z.string(),
  /** What to do about it; null where there is nothing to do. */
  remedy: z.string().nullable(),
});

const tlsSchema = z.object({ ca: z.string(), cert: z.string(), key: z.string() });
const sshSchema = z.object({ identity: z.string().nullable(), known_hosts: z.string().nullable() });

export const hostSchema = z.object({
  id: z.string(),
  name: z.string(),
  /** `new`: not answered yet. `lost`: it does not answer, and nothing runs there as far as the platform is concerned. */
  state: z.enum(['new', 'ready', 'lost']),
  runtimes: z.array(z.enum(['docker', 'process'])),
  runtime_notes: z.record(z.string(), z.string()),
  cordoned: z.boolean(),
  draining: z.boolean(),
  labels: z.record(z.string(), z.string()),
  memory_mib: z.int(),
  /** Cores that are promised one by one; null: they are shared. */
  cpus: z.int().nullable(),
  devices: z.array(deviceSchema),
  engine_version: z.string().nullable(),
  last_seen_at: wireDateSchema.nullable(),
  lost_since: wireDateSchema.nullable(),
  lost_reason: z.string().nullable(),
  /** How its engine is reached, for admins; null for the platform's own machine. Files are named, never shown. */
  connection: z
    .object({
      url: z.string(),
      tls: tlsSchema.nullable(),
      ssh: sshSchema,
      address: z.string().nullable(),
      bind_address: z.string().nullable(),
      callback_host: z.string().nullable(),
    })
    .nullable(),
  /** What the last check found; it is done once `checked_at` is not before `check_asked_at`. */
  checks: z.array(hostCheckSchema),
  check_asked_at: wireDateSchema.nullable(),
  checked_at: wireDateSchema.nullable(),
  created_at: wireDateSchema,
});
export type WireHost = z.infer<typeof hostSchema>;

/** 2 PiB: what the column holds, and more than there is. */
const MAX_MIB = 2_147_483_647;
const MOST_LABELS = 64;

const fileSchema = z
  .string()
  .regex(/^\/[^\0]{0,4000}$/, { error: 'must be an absolute path on the machine of the scheduler' });
/** Neither a name nor a user may begin with "-": `ssh` would take it for an option. */
const ENGINE_URL =
  /^(?:tcp:\/\/|ssh:\/\/(?:[A-Za-z0-9_][A-Za-z0-9_.-]*@)?)(?:[A-Za-z0-9_][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:\/[A-Za-z0-9_./-]*)?$/;
const engineUrlSchema = z
  .string()
  .max(500)
  .regex(ENGINE_URL, { error: 'must be like tcp://gpu2:2376 or ssh://user@gpu1' })
  .refine((url) => URL.canParse(url), { error: 'must have a port from 1 to 65535' });
const addressSchema = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.:-]{0,254}$/, { error: 'must be a name or an address' });

const settings = {
  name: lineSchema(200),
  labels: z
    .record(lineSchema(63), lineSchema(200))
    .refine((labels) => Object.keys(labels).length <= MOST_LABELS, { error: `must be at most ${MOST_LABELS}` }),
  /** In place of what is found there; null: what is found. */
  devices: z
    .array(z.strictObject({ id: lineSchema(100), name: lineSchema(200), vram_mib: z.int().min(1).max(MAX_MIB) }))
    .max(64)
    .nullable(),
  memory_mib: z.int().min(1).max(MAX_MIB).nullable(),
  cpus: z.int().min(1).max(100_000).nullable(),
};

const way = {
  url: engineUrlSchema,
  tls: z.strictObject({ ca: fileSchema, cert: fileSchema, key: fileSchema }).nullable(),
  ssh: z.strictObject({
    identity: fileSchema.nullable().default(null),
    known_hosts: fileSchema.nullable().default(null),
  }),
  address: addressSchema.nullable(),
  bind_address: addressSchema.nullable(),
  callback_host: addressSchema.nullable(),
};

export const hostBodySchema = z.strictObject({
  /** What it is called in commands. Left out: the name in the URL. */
  id: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{0,62}$/, { error: 'must be lower-case letters, digits, "-" and "."' })
    .optional(),
  name: settings.name.optional(),
  url: way.url,
  tls: way.tls.default(null),
  ssh: way.ssh.default({ identity: null, known_hosts: null }),
  address: way.address.default(null),
  bind_address: way.bind_address.default(null),
  callback_host: way.callback_host.default(null),
  labels: settings.labels.default({}),
  devices: settings.devices.default(null),
  memory_mib: settings.memory_mib.default(null),
  cpus: settings.cpus.default(null),
  cordoned: z.boolean().default(false),
});
export type HostBody = z.input<typeof hostBodySchema>;

/** What is left out stays as it is. */
export const hostPatchSchema = z
  .strictObject({ ...settings, ...way, cordoned: z.boolean(), draining: z.boolean() })
  .partial();
export type HostPatch = z.input<typeof hostPatchSchema>;
