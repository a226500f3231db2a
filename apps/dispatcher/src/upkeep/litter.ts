import type { Millis } from '@hearth/core';
import type { Context } from '../context.ts';
import type { DueForRemoval } from './removal.ts';

const BATCH = 500;
/** Ids as this platform makes them; what else lies there is not ours to remove. */
const OUR_ID = /^[0-9a-z]{26}$/;

/** Removes what crashes left: outputs of runs that are over, puts that never ended, and bytes whose row was never written. */
export async function removeLitter(context: Context, due: DueForRemoval, now: Millis): Promise<void> {
  const { store, blobs, log, closing } = context;
  const outputs = await store.retention.expireLeftovers(due.leftoversMadeBefore, now);
  const drafts = await blobs.removeDrafts(due.litterWrittenBefore);
  let orphans = 0;
  let old: string[] = [];
  const removeUnknown = async () => {
    const known = new Set(await store.retention.knownFiles(old));
    const unknown = old.filter((id) => !known.has(id));
    for (const id of unknown) await blobs.remove(id);
    orphans += unknown.length;
    old = [];
  };
  for await (const { id, writtenAt } of blobs.list()) {
    if (closing.aborted) return;
    if (writtenAt < due.litterWrittenBefore && OUR_ID.test(id)) old.push(id);
    if (old.length === BATCH) await removeUnknown();
  }
  await removeUnknown();
  if (outputs + drafts + orphans > 0) log.info({ outputs, drafts, orphans }, 'removed what crashes had left');
}
