import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ApiError, type Client } from '@hearth/contract';
import { z } from 'zod';
import { ensureModel } from '../ensure-model.ts';
import { jsonOrNull } from '../json.ts';
import { repositoryRoot } from '../repository.ts';
import type { Engine } from './docker-engine.ts';
import type { Progress } from './progress.ts';
import type { ExampleOutcome } from './summary.ts';

const OWNER = 'hearth';
const BASE_IMAGE = 'node:24-bookworm-slim';
const PULL_PATIENCE_MS = 120_000;
const HARDWARE = 'cpu';

/** How the examples are to run, and why where it isn't plain. */
export interface ExampleRuntime {
  readonly kind: 'container' | 'process';
  readonly note: string | null;
}

/** As containers where an engine answers and has the base image, or can get it; else as processes. */
export async function chooseExampleRuntime(engine: Engine | null, signal: AbortSignal): Promise<ExampleRuntime> {
  if (engine === null) return { kind: 'process', note: null };
  const had = await engine.haveImage(BASE_IMAGE, AbortSignal.any([signal, AbortSignal.timeout(PULL_PATIENCE_MS)]));
  if (had === true) return { kind: 'container', note: null };
  return { kind: 'process', note: `Docker answers, but their base image ${BASE_IMAGE} cannot be had: ${oneLine(had)}` };
}

const manifestSchema = z.object({ description: z.string().optional() });
const recordSchema = z.record(z.string(), z.string());

export interface ExamplesOptions {
  readonly client: Client;
  readonly runtime: ExampleRuntime;
  readonly dataFolder: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/**
 * Deploys the models of `docker/models/` that are missing or changed. One that fails does not stop the others, and one
 * whose image cannot be built runs as a process.
 */
export async function deployExamples(options: ExamplesOptions): Promise<ExampleOutcome[]> {
  const { dataFolder, runtime, progress, signal } = options;
  const recordFile = join(dataFolder, 'examples.json');
  const deployed = readRecord(recordFile);
  const outcomes: ExampleOutcome[] = [];
  for (const name of exampleNames()) {
    signal.throwIfAborted();
    const model = `${OWNER}/${name}`;
    const fingerprint = (kind: ExampleRuntime['kind']) => `${kind} ${digestOf(name)}`;
    try {
      if (deployed[name] === fingerprint(runtime.kind) && (await hasVersion(options.client, name))) {
        outcomes.push({ name: model, how: runtime.kind });
        continue;
      }
      const how = await progress.step(
        model,
        () => deploy(options, name),
        (kind) => `deployed as a ${kind}`,
      );
      outcomes.push({ name: model, how });
      deployed[name] = fingerprint(how);
      writeFileSync(recordFile, `${JSON.stringify(deployed, null, 2)}\n`);
    } catch (error) {
      signal.throwIfAborted();
      progress.line(`    ${oneLine(String(error))}`);
      outcomes.push({ name: model, how: 'failed' });
    }
  }
  return outcomes;
}

async function deploy({ client, runtime, progress }: ExamplesOptions, name: string): Promise<ExampleRuntime['kind']> {
  const folder = exampleFolder(name);
  const manifest = manifestSchema.parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')));
  await ensureModel(client, { owner: OWNER, name, hardware: HARDWARE, description: manifest.description });
  const image = `${OWNER}/${name}:${digestOf(name).slice(0, 12)}`;
  const problem = runtime.kind === 'process' ? null : await buildImage(name, image);
  if (runtime.kind === 'container' && problem === null) {
    await client.versions.add(OWNER, name, { image });
    return 'container';
  }
  if (problem !== null) progress.line(`    its image could not be built, so it runs as a process: ${oneLine(problem)}`);
  await client.versions.add(OWNER, name, { path: folder, command: ['node', 'src/main.ts'] });
  return 'process';
}

/** Null when it was built, else why not. */
async function buildImage(model: string, tag: string): Promise<string | null> {
  // A script of the models' folder, which is not a package of ours: found by its path.
  const script = pathToFileURL(join(modelsFolder, 'build-image.mjs')).href;
  const { buildModelImage }: { buildModelImage: (image: { model: string; tag: string }) => Promise<unknown> } =
    await import(script);
  try {
    await buildModelImage({ model, tag });
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function hasVersion(client: Client, name: string): Promise<boolean> {
  try {
    return (await client.models.get(OWNER, name)).latest_version !== null;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return false;
    throw error;
  }
}

const modelsFolder = join(repositoryRoot, 'docker', 'models');
const exampleFolder = (name: string): string => join(modelsFolder, name);

function exampleNames(): string[] {
  const folders = readdirSync(modelsFolder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.map(({ name }) => name).filter((name) => existsSync(join(exampleFolder(name), 'package.json')));
}

/** Over everything that a model's server is made of: its folder, modelkit, and the lockfile for the rest. */
function digestOf(name: string): string {
  const hash = createHash('sha256');
  const sources = [
    exampleFolder(name),
    join(repositoryRoot, 'packages', 'modelkit'),
    join(repositoryRoot, 'packages', 'contract'),
  ];
  for (const file of sources.flatMap(filesBelow))
    hash.update(relative(repositoryRoot, file)).update(readFileSync(file));
  return hash.update(readFileSync(join(repositoryRoot, 'pnpm-lock.yaml'))).digest('hex');
}

function filesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    if (entry.name === 'node_modules' || entry.name === 'test') return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    return entry.isFile() ? [path] : [];
  });
}

function readRecord(file: string): Record<string, string> {
  if (!existsSync(file)) return {};
  const parsed = recordSchema.safeParse(jsonOrNull(readFileSync(file, 'utf8')));
  return parsed.success ? parsed.data : {};
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim().slice(0, 400);
