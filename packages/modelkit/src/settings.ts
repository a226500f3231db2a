/** Flags and environment that the platform starts a container with. */
import { parseArgs } from 'node:util';
import { COG_DEFAULT_PORT } from '@hearth/contract/south/protocol';
import { GENERATIONS, type Generation } from './generation.ts';

export interface Settings {
  readonly host: string;
  /** 0 asks the system for a free one. */
  readonly port: number;
  /** Output files of async predictions are PUT below it; null: none given. */
  readonly uploadUrl: string | null;
  /** Stay up, whatever happens, until `POST /shutdown`: ignore SIGTERM, show a failed setup. */
  readonly awaitExplicitShutdown: boolean;
  /** `train`: trainings are taken instead of predictions. */
  readonly mode: 'predict' | 'train';
  /** A URL or a path, of what a training made; null: none given. */
  readonly weights: string | null;
  /** Overrides the model's own; null: none given. */
  readonly maxConcurrency: number | null;
  /** Least time between two webhooks that are not the last. */
  readonly webhookIntervalMs: number;
  /** Sent as bearer token with every webhook. */
  readonly webhookAuthToken: string | null;
  /** Added to the user agent of webhooks. */
  readonly userAgent: string | null;
  /** Which of Cog's servers to play, for tests of a platform; null: none. */
  readonly generation: Generation | null;
}

export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

type Env = Readonly<Record<string, string | undefined>>;

function readNumber(env: Env, key: string, allowed: { readonly words: string; ok(value: number): boolean }) {
  const text = env[key];
  if (text === undefined || text === '') return null;
  const value = Number(text);
  if (Number.isFinite(value) && allowed.ok(value)) return value;
  throw new SettingsError(`${key} is '${text}'; it must be ${allowed.words}`);
}

function readGeneration(env: Env): Generation | null {
  const text = env.HEARTH_COG_GENERATION;
  if (text === undefined || text === '') return null;
  const generation = GENERATIONS.find((known) => known === text);
  if (generation !== undefined) return generation;
  throw new SettingsError(`HEARTH_COG_GENERATION is '${text}'; it must be one of ${GENERATIONS.join(', ')}`);
}

const FLAGS = {
  host: { type: 'string', default: '0.0.0.0' },
  'upload-url': { type: 'string' },
  'await-explicit-shutdown': { type: 'string' },
  'x-mode': { type: 'string', default: 'predict' },
  threads: { type: 'string' },
} as const;

function readFlags(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: FLAGS, strict: true }).values;
  } catch (error) {
    const allowed = Object.keys(FLAGS)
      .map((flag) => `--${flag}`)
      .join(' ');
    throw new SettingsError(`${error instanceof Error ? error.message : String(error)}; allowed: ${allowed}`);
  }
}

/** @throws SettingsError naming the flag or variable, its value and what is allowed. */
export function readSettings(args: readonly string[], env: Env): Settings {
  const flags = readFlags(args);
  const mode = flags['x-mode'];
  if (mode !== 'predict' && mode !== 'train') {
    throw new SettingsError(`--x-mode is '${mode}'; it must be 'predict' or 'train'`);
  }
  const uploadUrl = flags['upload-url'] ?? null;
  if (uploadUrl !== null && !(/^https?:\/\//.test(uploadUrl) && URL.canParse(uploadUrl))) {
    throw new SettingsError(`--upload-url is '${uploadUrl}'; it must be an http or https URL`);
  }
  const port = readNumber(env, 'PORT', {
    words: 'a port from 0 to 65535',
    ok: (value) => Number.isInteger(value) && value >= 0 && value <= 65_535,
  });
  const maxConcurrency = readNumber(env, 'COG_MAX_CONCURRENCY', {
    words: 'a whole number from 1',
    ok: (value) => Number.isInteger(value) && value >= 1,
  });
  const intervalS = readNumber(env, 'COG_THROTTLE_RESPONSE_INTERVAL', {
    words: 'a number of seconds from 0',
    ok: (value) => value >= 0,
  });
  return {
    host: flags.host,
    port: port ?? COG_DEFAULT_PORT,
    uploadUrl,
    // Any text counts as true, as in Cog.
    awaitExplicitShutdown: Boolean(flags['await-explicit-shutdown']),
    mode,
    weights: env.COG_WEIGHTS || null,
    maxConcurrency,
    webhookIntervalMs: (intervalS ?? 0.5) * 1000,
    webhookAuthToken: env.WEBHOOK_AUTH_TOKEN || null,
    userAgent: env.COG_USER_AGENT || null,
    generation: readGeneration(env),
  };
}
