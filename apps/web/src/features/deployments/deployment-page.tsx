import type { BoardDeployment } from '@hearth/contract';
import { Link, useParams } from '@tanstack/react-router';
import { Rocket } from 'lucide-react';
import { type Board, useBoard, useBoardPending } from '../../api/board.ts';
import { Badge, TemperatureBadge } from '../../ui/badge.tsx';
import { Card, Facts } from '../../ui/card.tsx';
import { Page } from '../../ui/page.tsx';
import { EmptyState, Skeleton } from '../../ui/states.tsx';
import { Timeline } from '../fleet/timeline.tsx';
import { ChangeButton } from './change-dialog.tsx';
import { DeleteButton } from './delete-button.tsx';
import { DeploymentMetrics } from './deployment-metrics.tsx';
import { Explanation } from './explanation.tsx';
import { deploymentNamed, keepAliveWords } from './find-deployment.ts';
import { Releases } from './releases.tsx';
import { WarmButton } from './warm-button.tsx';

export function DeploymentPage() {
  const { owner, name } = useParams({ from: '/app/deployments/$owner/$name' });
  const reference = `${owner}/${name}`;
  const pending = useBoardPending();
  const row = useBoard((board: Board) => deploymentNamed(board.deployments.values(), reference));
  const above = (
    <Link to="/deployments" className="hover:underline">
      Deployments
    </Link>
  );
  if (row === undefined)
    return (
      <Page title={reference} above={above}>
        {pending ? (
          <Skeleton className="h-96" />
        ) : (
          <EmptyState icon={<Rocket aria-hidden />} title="There is no such deployment">
            It may have been deleted, or you may not see it.
          </EmptyState>
        )}
      </Page>
    );
  return (
    <Page
      title={reference}
      above={above}
      beside={
        <>
          <TemperatureBadge temperature={row.temperature} note={row.boot?.phase} />
          {row.rollout && <Badge tone="info">rolling out</Badge>}
        </>
      }
      actions={
        <>
          {!row.implicit && <ChangeButton deployment={row} />}
          <WarmButton deployment={row} />
          {!row.implicit && <DeleteButton owner={owner} name={name} />}
        </>
      }
    >
      <div className="grid items-start gap-5 xl:grid-cols-[minmax(0,1fr)_22rem]">
        <div className="flex min-w-0 flex-col gap-5">
          <Explanation owner={owner} name={name} />
          <DeploymentMetrics owner={owner} name={name} />
          <Timeline deployment={reference} />
        </div>
        <div className="flex min-w-0 flex-col gap-5">
          <Is row={row} />
          {!row.implicit && <Releases owner={owner} name={name} current={row.release} />}
        </div>
      </div>
    </Page>
  );
}

function Is({ row }: { row: BoardDeployment }) {
  const [owner = '', name = ''] = row.model.split('/');
  return (
    <Card title="What it is">
      <Facts
        facts={[
          [
            'Model',
            <Link key="model" to="/models/$owner/$name" params={{ owner, name }} className="hover:underline">
              {row.model}
            </Link>,
          ],
          ['Version', <code key="version">{row.version.slice(0, 12)}</code>],
          ['Hardware', row.hardware],
          ['Instances', `${row.min_instances} to ${row.max_instances}`],
          ['Keep-alive', keepAliveWords(row.keep_alive)],
          ['At a time', `${row.slots} ${row.slots === 1 ? 'prediction' : 'predictions'} each`],
          ['Queue', `${row.queue.waiting} waiting, ${row.queue.in_flight} running`],
        ]}
      />
    </Card>
  );
}
