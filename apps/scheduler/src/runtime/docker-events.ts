import { createInterface } from 'node:readline';
import type Docker from 'dockerode';
import { z } from 'zod';
import { LABELS, roleOf } from './docker-container.ts';
import type { Role } from './runtime.ts';

const EngineEvent = z.object({ id: z.string(), Actor: z.object({ Attributes: z.record(z.string(), z.string()) }) });

const RECONNECT_MS = 1_000;

export interface Death {
  readonly containerId: string;
  readonly instanceId: string;
  readonly role: Role;
  readonly exitCode: number;
}

export interface DeathListener {
  died(death: Death): void;
  /** Connected anew: what happened in between was not seen. */
  gap(): void;
}

/** Follows the deaths of an installation's containers, and connects anew for as long as it is not closed. */
export function followDeaths(docker: Docker, installation: string, listener: DeathListener): { close(): void } {
  const closing = new AbortController();
  let timer: NodeJS.Timeout | null = null;

  const follow = async (connection: number): Promise<void> => {
    const stream = await docker.getEvents({
      filters: { type: ['container'], event: ['die'], label: [`${LABELS.installation}=${installation}`] },
      abortSignal: closing.signal,
    });
    if (connection > 0) listener.gap();
    for await (const line of createInterface({ input: stream })) {
      const death = deathOf(line);
      if (death !== null) listener.died(death);
    }
  };
  const keepFollowing = (connection: number): void => {
    const again = (): void => {
      if (closing.signal.aborted) return;
      timer = setTimeout(() => keepFollowing(connection + 1), RECONNECT_MS);
    };
    // The engine is down or went away. The host's row says so to the operator; here it only means to try again.
    follow(connection).then(again, again);
  };
  keepFollowing(0);

  return {
    close() {
      closing.abort();
      if (timer) clearTimeout(timer);
    },
  };
}

function deathOf(line: string): Death | null {
  if (line.trim() === '') return null;
  const { id, Actor } = EngineEvent.parse(JSON.parse(line));
  const attributes = Actor.Attributes;
  const instanceId = attributes[LABELS.instance];
  if (instanceId === undefined) return null;
  return { containerId: id, instanceId, role: roleOf(attributes), exitCode: Number(attributes.exitCode ?? 0) };
}
