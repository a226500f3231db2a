import type { WireDeploymentStatus } from '@hearth/contract';
import type { Temperature } from '../../ui/badge.tsx';
import { formatDuration } from '../../ui/format.ts';

type Status = Pick<WireDeploymentStatus, 'implicit' | 'mode' | 'model' | 'version' | 'temperature' | 'boot'>;

/** How a model stands. */
export interface Bearing {
  readonly temperature: Temperature;
  readonly boot: WireDeploymentStatus['boot'];
}

/** A model that nobody ever ran has no deployment, and is cold. */
export function bearingOf(deployments: readonly Status[], model: string, version: string | undefined): Bearing {
  const own = deployments.find(
    (one) => one.implicit && one.mode === 'predict' && one.model === model && one.version === version,
  );
  return own === undefined ? { temperature: 'cold', boot: null } : own;
}

/** `pull 42 %`, `setup, 12 s to go`, `setup` */
export function bootNote({ phase, since, progress }: NonNullable<Bearing['boot']>, now: number): string {
  if (progress.percent !== null) return `${phase} ${progress.percent} %`;
  if (progress.usual_seconds === null) return phase;
  const leftMs = progress.usual_seconds * 1_000 - (now - Date.parse(since));
  return leftMs > 0 ? `${phase}, ${formatDuration(leftMs)} to go` : phase;
}
