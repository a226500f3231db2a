import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashToken, newToken } from '@hearth/kit';
import type { Store } from '@hearth/store';
import { DEFAULT_HARDWARE } from './default-hardware.ts';

/** Where a generated first token lies until whoever started Hearth has shown and deleted it. */
const FIRST_TOKEN_FILE = 'first-token';

/**
 * Sees that the operator can get in: with the configured token, or where there is neither that nor any operator's token, with one
 * that is made here and written to `<dataDir>/first-token`, readable by its owner alone.
 */
export async function ensureFirstAdmin(
  store: Store,
  admin: { username: string; token: string | undefined },
  dataDir: string,
): Promise<void> {
  const { id: accountId } = await store.accounts.ensure({
    type: 'user',
    username: admin.username,
    name: admin.username,
  });
  const add = (token: string) =>
    store.accounts.addToken({
      accountId,
      name: 'first',
      scope: 'admin',
      operator: true,
      hash: hashToken(token),
      hint: token.slice(-4),
    });

  if (admin.token !== undefined) {
    const known = await store.accounts.byTokenHash(hashToken(admin.token));
    if (known === null) await add(admin.token);
    return;
  }
  if (await store.accounts.hasOperatorToken()) return;
  const token = newToken();
  // The file first: a token that nobody was told would lock everybody out.
  await mkdir(dataDir, { recursive: true });
  await writeFile(join(dataDir, FIRST_TOKEN_FILE), `${token}\n`, { mode: 0o600 });
  await add(token);
}

/** Gives an empty table the SKUs that callers of Replicate know. Whoever changed it keeps what they have. */
export async function seedHardware(store: Store): Promise<void> {
  if ((await store.hosts.hardware()).length > 0) return;
  for (const hardware of DEFAULT_HARDWARE) await store.hosts.putHardware(hardware);
}
