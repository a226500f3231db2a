import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DeploymentRow } from '@hearth/store';
import { z } from 'zod';

/**
 * Cog drops a running prediction without a word on SIGTERM unless told to await an explicit shutdown, and hands out
 * paths inside the container unless told where to upload. Source: Cog's `python -m cog.server.http --help`.
 */
export function serverFlags(uploadUrl: string | null, mode: DeploymentRow['mode']): string[] {
  const upload = uploadUrl === null ? [] : ['--upload-url', uploadUrl];
  const training = mode === 'train' ? ['--x-mode', 'train'] : [];
  return ['--await-explicit-shutdown=true', ...upload, ...training];
}

const isCogServer = (command: readonly string[]): boolean => command.some((word) => word.includes('cog.server.http'));

/** An image takes the flags when its command is Cog's, or it says by its label that it speaks as Cog does. */
export const imageTakesFlags = (cmd: readonly string[], labels: Readonly<Record<string, string>>): boolean =>
  isCogServer(cmd) || labels['run.cog.config'] !== undefined;

/** A folder's command takes the flags when it is Cog's, or runs a model made with @hearth/modelkit. */
export async function commandTakesFlags(command: readonly string[], folder: string): Promise<boolean> {
  return isCogServer(command) || (await isModelkitFolder(folder));
}

const PackageFile = z.object({ dependencies: z.record(z.string(), z.string()).optional() });

async function isModelkitFolder(folder: string): Promise<boolean> {
  try {
    const { dependencies } = PackageFile.parse(JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')));
    return dependencies?.['@hearth/modelkit'] !== undefined;
  } catch {
    // No package file, or none that we can read: then it is not one of ours.
    return false;
  }
}

/** A command in shell form is one string for `sh -c`: flags behind it would be the shell's, so they go inside. */
export function withFlags(command: readonly string[], flags: readonly string[]): string[] {
  const [shell, option, script, ...rest] = command;
  if (shell !== undefined && /(^|\/)(ba|da)?sh$/.test(shell) && option === '-c' && script !== undefined) {
    return [shell, option, `${script} ${flags.map(shellQuoted).join(' ')}`, ...rest];
  }
  return [...command, ...flags];
}

const shellQuoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
