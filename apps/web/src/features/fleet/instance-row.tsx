import { memo } from 'react';
import { useBoardRow } from '../../api/board.ts';
import { Badge } from '../../ui/badge.tsx';
import { Elapsed } from '../../ui/time.tsx';
import { DeploymentLink } from '../deployments/deployment-link.tsx';
import { InstanceActions } from './instance-actions.tsx';
import { doingOf, phaseOf, shortId, TONES } from './instance-words.ts';

/** One instance of the list. Renders anew when its own row says something else, whatever the others do. */
export const InstanceRow = memo(function InstanceRow({ id }: { id: string }) {
  const instance = useBoardRow('instances', id);
  if (instance === undefined) return null;
  const doing = doingOf(instance);
  const phase = doing === 'booting' ? phaseOf(instance) : null;
  return (
    <tr data-instance={id} className="border-b border-line last:border-0 hover:bg-hover/60">
      <td className="px-4 py-2 font-mono text-xs">{shortId(id)}</td>
      <td className="px-4 py-2">
        <Badge tone={TONES[doing]} title={instance.unhealthy ?? instance.reason}>
          {doing}
          {phase && <span className="font-normal">· {phase}</span>}
        </Badge>
      </td>
      <td className="px-4 py-2 max-md:max-w-60">
        <DeploymentLink deployment={instance.deployment} />
      </td>
      <td className="truncate px-4 py-2 max-md:hidden">{instance.host}</td>
      <td className="truncate px-4 py-2 max-md:hidden">{instance.hardware}</td>
      <td className="px-4 py-2 text-right tabular">
        {instance.in_flight} / {instance.slots}
      </td>
      <td className="px-4 py-2 text-right max-md:hidden">
        <Elapsed since={instance.since} />
      </td>
      <td className="w-px px-2 py-1">
        <InstanceActions instance={instance} />
      </td>
    </tr>
  );
});
