import type { BoardDeployment } from '@hearth/contract';
import { formatDuration } from '../../ui/format.ts';

type Standing = Pick<BoardDeployment, 'implicit' | 'mode' | 'model' | 'version'>;

/** What a model runs on where no deployment is named; undefined of a model that nobody ever ran so, which is cold. */
export function ownDeployment<Deployment extends Standing>(
  deployments: Iterable<Deployment>,
  model: string,
  version: string | undefined,
): Deployment | undefined {
  for (const one of deployments) {
    if (one.implicit && one.mode === 'predict' && one.model === model && one.version === version) return one;
  }
  return undefined;
}

/** `pull 42 %, 12 s to go`, as far as it is known. */
export function bootNote(boot: NonNullable<BoardDeployment['boot']>, now: number): string {
  const { phase, bytes, total_bytes: total, ready_at: ready } = boot;
  const far = bytes !== null && total ? `${phase} ${Math.floor((100 * bytes) / total)} %` : phase;
  const leftMs = ready === null ? 0 : Date.parse(ready) - now;
  return leftMs > 0 ? `${far}, ${formatDuration(Math.ceil(leftMs / 1_000) * 1_000)} to go` : far;
}
