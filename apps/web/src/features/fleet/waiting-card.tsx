import type { BoardDeployment } from '@hearth/contract';
import { TemperatureBadge } from '../../ui/badge.tsx';
import { Card } from '../../ui/card.tsx';
import { Elapsed } from '../../ui/time.tsx';
import { DeploymentLink } from '../deployments/deployment-link.tsx';

/** What waits, and why. */
export const WaitingCard = ({ deployments }: { deployments: readonly BoardDeployment[] }) => (
  <Card title="Waiting" flush>
    <ul>
      {deployments.map((one) => (
        <li
          key={one.id}
          className="flex flex-wrap items-center gap-x-4 gap-y-1 border-b border-line px-4 py-2.5 last:border-0"
        >
          <span className="flex flex-wrap items-center gap-2">
            <DeploymentLink deployment={one.deployment} />
            <TemperatureBadge temperature={one.temperature} note={one.boot?.phase} />
          </span>
          {one.queue.waiting > 0 && (
            <span className="text-[13px] text-ink-muted tabular">
              {one.queue.waiting} {one.queue.waiting === 1 ? 'waits' : 'wait'}
              {one.queue.oldest_waiting_at && (
                <>
                  , the oldest for <Elapsed since={one.queue.oldest_waiting_at} />
                </>
              )}
            </span>
          )}
          {one.detail && <span className="basis-full text-[13px] md:flex-1 md:basis-0">{one.detail}</span>}
        </li>
      ))}
    </ul>
  </Card>
);
