import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { VersionBody } from '@hearth/contract';
import { z } from 'zod';
import { UsageError } from './connect.ts';
import { fromUsersFolder } from './repository.ts';
import { shellWords } from './shell-words.ts';

export interface SourceOptions {
  readonly command?: string | undefined;
  readonly env: Readonly<Record<string, string>>;
}

const manifestSchema = z.object({
  dependencies: z.record(z.string(), z.string()).default({}),
  scripts: z.record(z.string(), z.string()).default({}),
});

/**
 * What `models add` sends: a folder (made absolute) where there is one of that name, else an image.
 * A folder without a command is left to the server when it has a cog.yaml; a modelkit model is started as its
 * package.json says.
 * @throws UsageError
 */
export function versionBody(source: string, { command, env }: SourceOptions): VersionBody {
  const path = fromUsersFolder(source);
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  if (isFolder) {
    const words = command === undefined ? commandOf(path, source) : shellWords(command);
    return { path, ...(words && { command: words }), ...(Object.keys(env).length > 0 && { env: { ...env } }) };
  }
  if (/^[./~]/.test(source)) throw new UsageError(`There is no folder ${path}.`);
  if (command !== undefined || Object.keys(env).length > 0) {
    throw new UsageError(`--command and --env go with a folder; "${source}" is an image, which has its own.`);
  }
  return { image: source };
}

/** Undefined: the server knows what to do with a cog.yaml. */
function commandOf(path: string, source: string): string[] | undefined {
  if (existsSync(join(path, 'cog.yaml'))) return undefined;
  const file = join(path, 'package.json');
  const manifest = existsSync(file) ? manifestSchema.parse(JSON.parse(readFileSync(file, 'utf8'))) : null;
  if (manifest?.dependencies['@hearth/modelkit']) return shellWords(manifest.scripts.start ?? 'node src/main.ts');
  throw new UsageError(
    `${source} has neither a cog.yaml nor a package.json with @hearth/modelkit. Say how its server is started: --command "python3 serve.py".`,
  );
}

/** `K=V` pairs of `--env`. @throws UsageError */
export function environmentPairs(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new UsageError(`--env "${pair}" is not of the form KEY=VALUE.`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}
