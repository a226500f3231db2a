import type { WireDeploymentStatus } from '@hearth/contract';
import type { DeploymentOverview } from '@hearth/store';

/**
 * Which release comes and which ones serve meanwhile; null where none but the current one does. In words:
 *
 * | the current release | |
 * |---|---|
 * | has a ready instance | Release 3 takes over from release 2. And why it gets no further, where it does not. |
 * | failed to boot, and not booted since | Release 3 fails to boot: why; release 2 serves. |
 * | is booting | Release 3 is coming up; release 2 serves. |
 * | may not boot | Release 3 waits: why; release 2 serves. |
 */
export function rolloutOf({
  deployment: { release: to, releasedAt },
  status,
  instances,
}: Pick<DeploymentOverview, 'deployment' | 'status' | 'instances'>): WireDeploymentStatus['rollout'] {
  const ready = instances.filter(({ state, unhealthy }) => state === 'ready' && unhealthy === null);
  const from = [...new Set(ready.map(({ release }) => release).filter((release) => release !== to))].toSorted(
    (a, b) => b - a,
  );
  if (from.length === 0) return null;
  const earlier = `${from.length === 1 ? 'release' : 'releases'} ${from.join(' and ')}`;
  if (ready.some(({ release }) => release === to)) {
    const lacks = status?.blockedDetail ? ` ${status.blockedDetail}` : '';
    return { to, from, detail: `Release ${to} takes over from ${earlier}.${lacks}` };
  }
  const serve = `${earlier} ${from.length === 1 ? 'serves' : 'serve'}`;
  const failure = status?.failure ?? null;
  const booting = instances.some(({ state, release }) => state === 'booting' && release === to);
  let comes = 'is coming up';
  if (failure !== null && failure.at >= releasedAt) comes = `fails to boot: ${sentence(failure.message)}`;
  else if (!booting && status?.blockedDetail) comes = `waits: ${sentence(status.blockedDetail)}`;
  return { to, from, detail: `Release ${to} ${comes}; ${serve}.` };
}

/** The first line, without its full stop. */
const sentence = (text: string): string => text.split('\n', 1)[0]?.replace(/\.$/, '') ?? '';
