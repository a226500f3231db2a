import { ApiError, createClient } from '@hearth/contract';
import { hashToken, newToken } from '@hearth/kit';
import { createStore } from '@hearth/store';
import type { UpConfig } from './config.ts';
import { readCredentials, readFirstToken, writeCredentials } from './data-folder.ts';

const TOKEN_NAME = 'hearth up';

export interface Tokens {
  /** For `up` itself, and for `hearth …` on this machine, which finds it in the data folder. */
  readonly own: string;
  /** The admin's, when the api made it and nobody was shown it yet. */
  readonly first: string | null;
}

/**
 * The token of `hearth …` on this machine: kept from one start to the next, made anew when its file was lost or it was
 * removed. It is made in the store, because whoever runs `up` holds the database, and may have no other token to ask with.
 */
export async function obtainTokens(config: UpConfig, url: string, databaseUrl: string): Promise<Tokens> {
  const folder = config.HEARTH_DATA_DIR;
  const kept = readCredentials(folder)?.token;
  const own =
    kept !== undefined && (await isGood(url, kept)) ? kept : await makeToken(config.HEARTH_USERNAME, databaseUrl);
  writeCredentials(folder, { url, token: own });
  return { own, first: readFirstToken(folder) };
}

async function isGood(url: string, token: string): Promise<boolean> {
  try {
    await createClient({ baseUrl: url, token }).account();
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return false;
    throw error;
  }
}

async function makeToken(username: string, databaseUrl: string): Promise<string> {
  const store = await createStore({ url: databaseUrl, maxConnections: 1 });
  try {
    const { id: accountId } = await store.accounts.ensure({ type: 'user', username, name: username });
    const token = newToken();
    await store.accounts.addToken({
      accountId,
      name: TOKEN_NAME,
      scope: 'admin',
      operator: true,
      hash: hashToken(token),
      hint: token.slice(-4),
    });
    return token;
  } finally {
    await store.close();
  }
}
