import { type Client, createClient } from '@hearth/contract';
import { upConfig } from './up/config.ts';
import { readCredentials } from './up/data-folder.ts';

/** The command cannot be carried out; the message is for the person who typed it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export interface Target {
  readonly url: string;
  readonly token: string;
}

/**
 * Which Hearth, and as whom: HEARTH_URL and HEARTH_API_TOKEN, else what `hearth up` left in the data folder.
 * The stored token is given only to the address it belongs to.
 */
export function findTarget(env: NodeJS.ProcessEnv): Target {
  const config = upConfig(env);
  const stored = readCredentials(config.HEARTH_DATA_DIR);
  const url = env.HEARTH_URL || stored?.url || `http://localhost:${config.HEARTH_PORT}`;
  if (!/^https?:\/\/[^/]/.test(url) || !URL.canParse(url))
    throw new UsageError(`HEARTH_URL is "${url}"; allowed: where Hearth is reached, such as http://localhost:7600`);
  const storedToken = stored?.url === url ? stored.token : undefined;
  const token = env.HEARTH_API_TOKEN || storedToken;
  if (!token) {
    throw new UsageError(
      `There is no token for ${url}. Set HEARTH_API_TOKEN, or start Hearth on this machine with \`npm start\`, which keeps one in ${config.HEARTH_DATA_DIR}.`,
    );
  }
  return { url, token };
}

export function connect(env: NodeJS.ProcessEnv = process.env): Client {
  const { url, token } = findTarget(env);
  return createClient({ baseUrl: url, token });
}

/** `owner/name`, or an error that says so. */
export function ownerAndName(text: string): [owner: string, name: string] {
  const [owner, name, ...more] = text.split('/');
  if (!owner || !name || more.length > 0) throw new UsageError(`"${text}" is not of the form owner/name.`);
  return [owner, name];
}
