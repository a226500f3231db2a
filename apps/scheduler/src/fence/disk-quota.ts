import type Docker from 'dockerode';
import { messageOf } from '../errors.ts';
import { PAUSE_IMAGE } from '../runtime/pause-image.ts';

/** What an engine says that cannot bound what a container writes. Seen on 20.10 and 28 with overlay2 on ext4. */
const UNSUPPORTED = /storage-opt|storage option|pquota|quota/i;

/**
 * Whether an engine can bound what a container writes: overlay2 does on xfs with project quotas. Found by asking for it;
 * null where it answers something else, and is to be asked again.
 */
export async function hasDiskQuota(docker: Docker): Promise<boolean | null> {
  try {
    const container = await docker.createContainer({
      Image: PAUSE_IMAGE,
      HostConfig: { StorageOpt: { size: '1G' } },
    });
    await container.remove({ force: true });
    return true;
  } catch (error) {
    return UNSUPPORTED.test(messageOf(error)) ? false : null;
  }
}
