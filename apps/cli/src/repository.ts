import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds `apps/`, `docker/` and `infra/`. */
export const repositoryRoot = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

/** A path as a person typed it: meant from where they stood, which npm and the bootstrap left for the repository's root. */
export const fromUsersFolder = (path: string, env: NodeJS.ProcessEnv = process.env): string =>
  resolve(env.HEARTH_CWD ?? process.cwd(), path);
