import type Docker from 'dockerode';
import { messageOf } from '../errors.ts';
import { type Probe, runProbe } from '../hosts/probe.ts';
import { isNotFound, orAlready } from '../runtime/docker-errors.ts';
import { makePauseImage, PAUSE_IMAGE } from '../runtime/pause-image.ts';

/** Where a Linux machine has its shell and `iptables` with all that they are linked against. */
const PROGRAMS = ['/usr', '/bin', '/sbin', '/lib', '/lib64', '/etc/alternatives'] as const;
/** The lock of the tables, and what systemd says of name servers. */
const RUN = '/run';
const NO_SUCH_PATH = /bind source path does not exist: (\S+)/;

/**
 * Runs a shell program in the network of an engine's host, with the host's own programs: all that a container may do to
 * that network, and nothing else of the host. One at a time for each `name`; one that a killed scheduler left is removed.
 * @throws what the engine says
 */
export async function runOnHost(docker: Docker, name: string, script: string): Promise<Probe> {
  await docker.getContainer(name).remove({ force: true, v: true }).catch(orAlready);
  const missing = new Set<string>();
  for (;;) {
    try {
      return await runProbe(docker, PAUSE_IMAGE, optionsOf(name, script, missing));
    } catch (error) {
      const path = NO_SUCH_PATH.exec(messageOf(error))?.[1];
      if (path !== undefined && !missing.has(path)) missing.add(path);
      else if (isNotFound(error) && /no such image/i.test(messageOf(error))) await makePauseImage(docker);
      else throw error;
    }
  }
}

const optionsOf = (name: string, script: string, missing: ReadonlySet<string>) => ({
  name,
  command: ['/bin/sh', '-c', script],
  hostConfig: {
    NetworkMode: 'host',
    UsernsMode: 'host',
    CapDrop: ['ALL'],
    CapAdd: ['NET_ADMIN', 'NET_RAW'],
    SecurityOpt: ['no-new-privileges', 'label=disable'],
    Mounts: [...PROGRAMS.map((path) => mountOf(path, true)), mountOf(RUN, false)].filter(
      ({ Source }) => !missing.has(Source),
    ),
  },
});

const mountOf = (path: string, isReadOnly: boolean) => ({
  Type: 'bind' as const,
  Source: path,
  Target: path,
  ReadOnly: isReadOnly,
});
