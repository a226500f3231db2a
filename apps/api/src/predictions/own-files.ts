import type { FieldKinds, InvalidField } from '@hearth/contract';
import type { Signer } from '@hearth/files';
import type { Store } from '@hearth/store';
import type { Identity } from '../plugins/auth.ts';
import { invalidFields } from '../problem.ts';
import type { FoundString } from './strings.ts';

/** Clients put the metadata URL of an upload into the input, under whatever name they know this host by (contract §4.3). */
const FILE_URL = /^https?:\/\/[^/?#]+\/v1(?:\/v1)?\/files\/([0-9a-z]+)(?=[/?#]|$)/i;

/** The http(s) URLs among these strings that stand in a field of files. */
export const fileUrlsIn = (strings: readonly FoundString[], { files }: FieldKinds): FoundString[] =>
  strings.filter(({ path, text }) => files.has(path.split('.')[1] ?? '') && /^https?:\/\//i.test(text));

/** `/v1/outputs/<file id>.<expiry>.<mac>/<name>`, as the dispatcher makes them. */
const OUTPUT_URL = /^https?:\/\/[^/?#]+\/v1(?:\/v1)?\/outputs\/([\w-]+)\.(\d+\.[\w-]+)\/[^/?#]*(?:[?#].*)?$/;

/** Whether a URL stands for a file that a model of ours made: the dispatcher hands it on itself. */
export function isOwnOutput(url: string, { signer, now }: { signer: Signer; now: () => number }): boolean {
  const [, id, signature] = OUTPUT_URL.exec(url) ?? [];
  return id !== undefined && signature !== undefined && signer.verify(id, signature, Math.floor(now() / 1_000));
}

/**
 * Refuses an input that names an upload which is not there, is over, or belongs to another account. The dispatcher gives
 * any upload that an input names to the container, so this is the place that says whose files a caller may use.
 * Reads the store only where an input holds such a URL. Answers the strings that name a file of the caller's.
 */
export async function checkOwnFiles(
  strings: readonly FoundString[],
  caller: Identity,
  { store, publicUrl, now }: { store: Store; publicUrl: string; now: number },
): Promise<ReadonlySet<string>> {
  const issues: InvalidField[] = [];
  const ours = new Set<string>();
  for (const { path, text } of strings) {
    const id = FILE_URL.exec(text)?.[1];
    if (id === undefined) continue;
    const file = await store.files.get(id);
    // Another platform may have files at the same path; only ours must exist.
    if (file === null && !text.startsWith(`${publicUrl}/`)) continue;
    const usable =
      file !== null && (file.expiresAt === null || file.expiresAt > now) && file.accountId === caller.account.id;
    if (usable) ours.add(text);
    else issues.push({ type: 'file_not_found', field: path, description: `there is no file ${id}; upload it again` });
  }
  if (issues.length > 0) throw invalidFields('invalid-input', issues);
  return ours;
}
