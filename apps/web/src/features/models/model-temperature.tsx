import type { WireModel } from '@hearth/contract';
import { useBoard } from '../../api/board.ts';
import { TemperatureBadge } from '../../ui/badge.tsx';
import { useClock } from '../../ui/now.ts';
import { bootNote, ownDeployment } from './temperature.ts';

/** How a model stands, live: its newest version, run without a deployment. */
export function ModelTemperature({ model: { owner, name, latest_version: version } }: { model: WireModel }) {
  const row = useBoard(({ deployments }) => ownDeployment(deployments.values(), `${owner}/${name}`, version?.id));
  const boot = row?.boot ?? null;
  const note = useClock((now) => (boot === null ? '' : bootNote(boot, now)));
  return <TemperatureBadge temperature={row?.temperature ?? 'cold'} note={note} />;
}
