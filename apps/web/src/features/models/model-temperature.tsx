import type { WireModel } from '@hearth/contract';
import { useQuery } from '@tanstack/react-query';
import { api } from '../../api/client.ts';
import { TemperatureBadge } from '../../ui/badge.tsx';
import { useClock } from '../../ui/now.ts';
import { type Bearing, bearingOf, bootNote } from './temperature.ts';

const LOOK_EVERY_MS = 1_500;

/** How a model stands, kept true: of its newest version, run without a deployment. */
function useBearing({ owner, name, latest_version }: WireModel): Bearing {
  const { data } = useQuery({
    queryKey: ['status'],
    queryFn: () => api.status(),
    refetchInterval: LOOK_EVERY_MS,
  });
  return bearingOf(data?.deployments ?? [], `${owner}/${name}`, latest_version?.id);
}

export function ModelTemperature({ model }: { model: WireModel }) {
  const { temperature, boot } = useBearing(model);
  const note = useClock((now) => (boot === null ? '' : bootNote(boot, now)));
  return <TemperatureBadge temperature={temperature} note={note} />;
}
