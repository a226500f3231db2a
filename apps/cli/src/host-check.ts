import { setTimeout as pause } from 'node:timers/promises';
import type { Client, WireHost } from '@hearth/contract';
import pc from 'picocolors';
import { UsageError } from './connect.ts';
import type { Finding } from './doctor/judge.ts';

const LOOK_EVERY_MS = 250;
/** A host that does not answer takes a scheduler ten seconds to give up on; a look around in a container, twenty. */
const PATIENCE_MS = 60_000;

/** The host once its check was done. @throws UsageError where no scheduler does it */
export async function checkedHost(client: Client, asked: WireHost): Promise<WireHost> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  for (;;) {
    const host = await client.hosts.get(asked.id);
    if (isDone(host)) return host;
    if (performance.now() > giveUpAt)
      throw new UsageError(`${asked.id} was not checked within ${PATIENCE_MS / 1000} s. See that a scheduler runs.`);
    await pause(LOOK_EVERY_MS);
  }
}

const isDone = ({ checked_at, check_asked_at }: WireHost): boolean =>
  checked_at !== null && (check_asked_at === null || Date.parse(checked_at) >= Date.parse(check_asked_at));

/** A line for each, and what to do below it. */
export function checksText(checks: readonly Finding[]): string {
  const paint = { ok: pc.green, warning: pc.yellow, failed: pc.red, unchecked: pc.dim };
  const width = Math.max(9, ...checks.map(({ name }) => name.length));
  return checks
    .map(({ name, status, detail, remedy }) => {
      const line = `  ${paint[status](status.padEnd(9))}  ${name.padEnd(width)}  ${detail}`;
      return remedy === null ? line : `${line}\n  ${' '.repeat(width + 13)}→ ${remedy}`;
    })
    .join('\n');
}
