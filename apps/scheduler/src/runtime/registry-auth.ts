import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf } from '../errors.ts';
import { BootFailure } from './runtime.ts';

/** What the engine is given along with a pull. */
export interface RegistryAuth {
  readonly serveraddress: string;
  readonly username?: string;
  readonly password?: string;
  /** From a registry that hands out tokens at login, in place of a password. */
  readonly identitytoken?: string;
}

/** Under this name `docker login` keeps the credentials of images without a registry in their name. */
const DOCKER_HUB = 'https://index.docker.io/v1/';

/** `reg:5000/ada/ocr:1` → `reg:5000`. Source: the reference grammar of distribution: a first part with a dot, a port, or `localhost`. */
export function registryOf(image: string): string {
  const [first = '', ...rest] = image.split('/');
  return rest.length > 0 && (/[.:]/.test(first) || first === 'localhost') ? first : DOCKER_HUB;
}

const DockerConfig = z.object({
  auths: z
    .record(z.string(), z.object({ auth: z.string().optional(), identitytoken: z.string().optional() }))
    .default({}),
  credsStore: z.string().optional(),
  credHelpers: z.record(z.string(), z.string()).default({}),
});

/**
 * What `docker login` kept for the registry of an image: in `$DOCKER_CONFIG/config.json` (`~/.docker` where that is
 * unset), or in the credential helper that it names. Null: nothing, so the pull goes without.
 * @throws BootFailure `image_missing` where the file or its helper cannot be read
 */
export async function registryAuth(image: string, env: NodeJS.ProcessEnv = process.env): Promise<RegistryAuth | null> {
  const file = join(env.DOCKER_CONFIG || join(homedir(), '.docker'), 'config.json');
  const config = await readConfig(file);
  if (config === null) return null;
  const registry = registryOf(image);
  const helper = config.credHelpers[registry] ?? config.credsStore;
  if (helper !== undefined) return askHelper(helper, registry, env);
  const kept = config.auths[registry] ?? config.auths[`https://${registry}`] ?? config.auths[`https://${registry}/v1/`];
  if (kept?.identitytoken) return { serveraddress: registry, identitytoken: kept.identitytoken };
  if (!kept?.auth) return null;
  const [username = '', ...password] = Buffer.from(kept.auth, 'base64').toString('utf8').split(':');
  return { serveraddress: registry, username, password: password.join(':') };
}

async function readConfig(file: string): Promise<z.infer<typeof DockerConfig> | null> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    // Nobody has logged in anywhere, or not for us to read: then the pull goes without, and the registry answers.
    return null;
  }
  try {
    return DockerConfig.parse(JSON.parse(text));
  } catch (error) {
    throw new BootFailure('image_missing', `${file} is not a configuration of Docker: ${messageOf(error)}`);
  }
}

const HelperAnswer = z.object({ Username: z.string(), Secret: z.string() });

/** Source: docker-credential-helpers: `get` reads the registry from stdin; the user name `<token>` marks an identity token. */
async function askHelper(helper: string, registry: string, env: NodeJS.ProcessEnv): Promise<RegistryAuth | null> {
  const { code, printed } = await run(`docker-credential-${helper}`, registry, env);
  if (code !== 0 && /credentials not found/i.test(printed)) return null;
  try {
    if (code !== 0) throw new Error(printed.trim());
    const { Username, Secret } = HelperAnswer.parse(JSON.parse(printed));
    if (Username === '<token>') return { serveraddress: registry, identitytoken: Secret };
    return { serveraddress: registry, username: Username, password: Secret };
  } catch (error) {
    const why = messageOf(error);
    throw new BootFailure('image_missing', `docker-credential-${helper} has no answer for ${registry}: ${why}`);
  }
}

function run(command: string, input: string, env: NodeJS.ProcessEnv): Promise<{ code: number; printed: string }> {
  return new Promise((resolve) => {
    const child = spawn(command, ['get'], { env, stdio: ['pipe', 'pipe', 'ignore'] });
    let printed = '';
    child.stdout.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
    });
    child.once('error', (error) => resolve({ code: 127, printed: error.message }));
    child.once('close', (code) => resolve({ code: code ?? 1, printed }));
    // A helper that ends without reading is judged by its exit code.
    child.stdin.on('error', () => {});
    child.stdin.end(`${input}\n`);
  });
}
