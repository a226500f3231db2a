import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, readdir, readFile, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { VersionSource } from '@hearth/store';
import { parse } from 'yaml';
import { z } from 'zod';
import { messageOf } from './errors.ts';

type FolderSource = Extract<VersionSource, { kind: 'path' }>;

/** A version can't be made of what was given; the message goes to whoever asked for it. */
export class ImportRefused extends Error {
  override readonly name = 'ImportRefused';
}

export interface FolderVersion {
  readonly versionId: string;
  readonly source: FolderSource;
  /** Predictions at once, where the folder says so. */
  readonly slots: number | null;
}

/** Installed or generated beside the source; their change does not make another version. */
const NOT_SOURCE = new Set(['node_modules', '.git', '.venv', '__pycache__']);

/**
 * A version from a folder of this machine. Its id is the SHA-256 of the files, the command and the environment, so an
 * unchanged folder is the same version.
 * @throws ImportRefused naming the folder and what it lacks
 */
export async function versionOfFolder(source: FolderSource): Promise<FolderVersion> {
  const { path, env } = source;
  if (!isAbsolute(path)) throw new ImportRefused(`path is "${path}"; it must be absolute`);
  const facts = await stat(path).catch(() => null);
  if (!facts?.isDirectory()) throw new ImportRefused(`path is "${path}"; there is no such folder on this machine`);
  const cogConfig = await readCogConfig(path);
  const command = source.command.length > 0 ? source.command : await cogCommand(path, cogConfig !== null);
  const hash = createHash('sha256');
  await addFolder(hash, path, '');
  hash.update(JSON.stringify([command, Object.entries(env).toSorted(([a], [b]) => (a < b ? -1 : 1))]));
  return { versionId: hash.digest('hex'), source: { ...source, command }, slots: slotsOf(env, cogConfig) };
}

/** Predictions at once, as a model server of ours writes it into its OpenAPI document. */
export function slotsInSchema(openapi: Readonly<Record<string, unknown>>): number | null {
  const slots = openapi['x-hearth-slots'];
  return typeof slots === 'number' && Number.isInteger(slots) && slots >= 1 ? slots : null;
}

const CogConcurrency = z.object({ concurrency: z.object({ max: z.number() }) });

/** Predictions at once, as the environment or else cog.yaml says it. Source: Cog's `concurrency.max`. */
export function slotsOf(env: Readonly<Record<string, string>>, cogConfig: unknown): number | null {
  const config = CogConcurrency.safeParse(cogConfig);
  const slots = Number(env.COG_MAX_CONCURRENCY ?? config.data?.concurrency.max);
  return Number.isInteger(slots) && slots >= 1 ? slots : null;
}

async function readCogConfig(path: string): Promise<unknown> {
  const file = join(path, 'cog.yaml');
  if (!(await exists(file))) return null;
  try {
    return parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new ImportRefused(`${file} is not YAML: ${messageOf(error)}`);
  }
}

async function cogCommand(path: string, hasCogYaml: boolean): Promise<string[]> {
  if (!hasCogYaml) throw new ImportRefused(`${path} has no cog.yaml, so "command" must say how its server is started`);
  const own = join(path, '.venv/bin/python');
  return [(await exists(own)) ? own : 'python3', '-m', 'cog.server.http'];
}

/** File names and contents in a fixed order; a name is followed by its length, so that no two folders read alike. */
async function addFolder(hash: Hash, root: string, folder: string): Promise<void> {
  const entries = await readdir(join(root, folder), { withFileTypes: true });
  const byName = entries.filter((e) => !NOT_SOURCE.has(e.name)).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of byName) {
    const name = join(folder, entry.name);
    // Of a link only the target counts that is a file: a linked folder may lead back up.
    const facts = await stat(join(root, name)).catch(() => null);
    if (entry.isDirectory()) await addFolder(hash, root, name);
    else if (facts?.isFile()) {
      hash.update(`${name}\0${facts.size}\0`);
      await pipeline(createReadStream(join(root, name)), async (chunks: AsyncIterable<Buffer>) => {
        for await (const chunk of chunks) hash.update(chunk);
      });
    }
  }
}

const exists = async (path: string): Promise<boolean> => {
  try {
    await access(path);
    return true;
  } catch {
    // Not there, or not to be reached: either way it can't be used.
    return false;
  }
};
