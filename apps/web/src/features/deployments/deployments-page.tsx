import type { BoardDeployment } from '@hearth/contract';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { Plus, Rocket } from 'lucide-react';
import { memo, useMemo } from 'react';
import { type Board, useBoard, useBoardPending } from '../../api/board.ts';
import { useNeeds } from '../../api/session.ts';
import { Badge, TemperatureBadge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { Page } from '../../ui/page.tsx';
import { EmptyState, Skeleton } from '../../ui/states.tsx';
import { CreateDialog } from './create-dialog.tsx';
import { DeploymentLink } from './deployment-link.tsx';
import { partedByMaker } from './find-deployment.ts';
import type { DeploymentsView } from './view.ts';
import { WarmButton } from './warm-button.tsx';

const deploymentsOf = (board: Board) => board.deployments;

export function DeploymentsPage() {
  const pending = useBoardPending();
  const deployments = useBoard(deploymentsOf);
  const { deploy } = useSearch({ from: '/app/deployments' });
  const navigate = useNavigate();
  const needed = useNeeds('deploy');
  const ask = (search: DeploymentsView) => void navigate({ to: '/deployments', search, replace: true });
  const create = (
    <Button
      variant="primary"
      {...needed}
      icon={<Plus aria-hidden className="size-4" />}
      onClick={() => ask({ deploy: '' })}
    >
      New deployment
    </Button>
  );
  const { made, bare } = useMemo(() => partedByMaker(deployments.values()), [deployments]);
  return (
    <Page
      title="Deployments"
      description="A version on hardware of its own, with a scale of its own. What nobody deployed runs by itself, one for each version."
      actions={create}
    >
      {pending ? (
        <Skeleton className="h-80" />
      ) : (
        <div className="flex flex-col gap-5">
          {made.length > 0 && <Listed title="Deployments" rows={made} />}
          {made.length === 0 && (
            <EmptyState icon={<Rocket aria-hidden />} title="No deployment yet">
              <code>hearth deployments create</code> makes one too, and so does Replicate's client. Models run without
              one as well.
            </EmptyState>
          )}
          {bare.length > 0 && <Listed title="Models without a deployment" rows={bare} />}
        </div>
      )}
      {deploy !== undefined && !needed.disabled && <CreateDialog model={deploy} onClose={() => ask({})} />}
    </Page>
  );
}

const Listed = ({ title, rows }: { title: string; rows: readonly BoardDeployment[] }) => (
  <Card title={title} flush>
    <ul>
      {rows.map((row) => (
        <Row key={row.id} row={row} />
      ))}
    </ul>
  </Card>
);

const Row = memo(function Row({ row }: { row: BoardDeployment }) {
  const [owner = '', name = ''] = row.model.split('/');
  const live = row.instances.ready + row.instances.booting;
  return (
    <li className="grid items-center gap-x-4 gap-y-1 border-b border-line px-4 py-3 last:border-0 hover:bg-hover/60 md:grid-cols-[minmax(0,1.6fr)_minmax(0,1fr)_minmax(0,1fr)_auto]">
      <div className="min-w-0">
        <div className="flex flex-wrap items-center gap-2">
          <DeploymentLink deployment={row.deployment} />
          <TemperatureBadge temperature={row.temperature} note={row.boot?.phase} />
          {row.rollout && <Badge tone="info">rolling out</Badge>}
          {row.max_instances === 0 && <Badge>switched off</Badge>}
        </div>
        <p className="truncate text-[13px] text-ink-muted">
          {row.implicit ? (
            row.hardware
          ) : (
            <>
              <Link to="/models/$owner/$name" params={{ owner, name }} className="hover:underline">
                {row.model}
              </Link>
              {`, release ${row.release}, on ${row.hardware}`}
            </>
          )}
        </p>
        {row.detail && <p className="text-[13px] text-caution">{row.detail}</p>}
      </div>
      <p className="text-[13px] text-ink-muted tabular">
        {live} of {row.max_instances} {row.max_instances === 1 ? 'instance' : 'instances'}
      </p>
      <p className="text-[13px] text-ink-muted tabular">
        {row.queue.waiting} waiting, {row.queue.in_flight} running
      </p>
      <WarmButton deployment={row} />
    </li>
  );
});
