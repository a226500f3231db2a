import { statfs } from 'node:fs/promises';
import type Docker from 'dockerode';
import { z } from 'zod';
import { probeImage, runProbe } from '../hosts/probe.ts';

const EngineRoot = z.object({ DockerRootDir: z.string() });

/**
 * Bytes that are free where an engine keeps its images; null where nothing can say. The file system itself is asked where
 * the engine is this machine's, else `df` in a container: no engine tells.
 */
export async function freeDisk(docker: Docker, at: string): Promise<number | null> {
  return (at.startsWith('unix:') ? await freeHere(docker) : null) ?? (await freeInside(docker));
}

async function freeHere(docker: Docker): Promise<number | null> {
  const { DockerRootDir } = EngineRoot.parse(await docker.info());
  try {
    const { bavail, bsize } = await statfs(DockerRootDir);
    return bavail * bsize;
  } catch {
    // Behind a socket on this machine there may be an engine in a virtual machine, or a folder that we may not see.
    return null;
  }
}

async function freeInside(docker: Docker): Promise<number | null> {
  const image = await probeImage(docker);
  if (image === null) return null;
  const { output, exitCode } = await runProbe(docker, image, { command: ['df', '-P', '-k', '/'] });
  return exitCode === 0 ? freeInTable(output) : null;
}

/** The fourth column of POSIX's `df -P`, in units of 1024 bytes. */
export function freeInTable(output: string): number | null {
  const [, line = ''] = output.trim().split('\n');
  const free = Number(line.trim().split(/\s+/)[3]);
  return Number.isFinite(free) ? free * 1024 : null;
}
