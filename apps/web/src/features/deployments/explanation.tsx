import type { WireExplanation } from '@hearth/contract';
import { useQuery } from '@tanstack/react-query';
import { CornerDownRight } from 'lucide-react';
import { api } from '../../api/client.ts';
import { Badge } from '../../ui/badge.tsx';
import { Card } from '../../ui/card.tsx';
import { formatDuration } from '../../ui/format.ts';
import { ErrorState, Skeleton } from '../../ui/states.tsx';
import { RelativeTime } from '../../ui/time.tsx';

const LOOK_EVERY_MS = 2_500;

/** Why a deployment is where it is and what happens next, in the words of the one who decides it. */
export function Explanation({ owner, name }: { owner: string; name: string }) {
  const { data, error, refetch } = useQuery({
    queryKey: ['explain', owner, name],
    queryFn: () => api.deployments.explain(owner, name),
    refetchInterval: LOOK_EVERY_MS,
  });
  return (
    <Card title="Why it is where it is">
      {error !== null && data === undefined && <ErrorState error={error} retry={() => void refetch()} compact />}
      {error === null && data === undefined && <Skeleton className="h-24" />}
      {data !== undefined && <Said said={data} />}
    </Card>
  );
}

const Said = ({ said }: { said: WireExplanation }) => (
  <div className="flex flex-col gap-3">
    <p>{said.why}</p>
    {said.rollout && <p>{said.rollout}</p>}
    {said.blocked && (
      <p className="rounded-md bg-caution-soft px-3 py-2">
        <Badge tone="caution">{said.blocked.reason}</Badge> {said.blocked.detail}
      </p>
    )}
    {said.instances.length > 0 && (
      <ul className="flex flex-col gap-1">
        {said.instances.map(({ id, host, state, why }) => (
          <li key={id} className="text-[13px] [overflow-wrap:anywhere]">
            <span className="font-mono text-xs">{id.slice(-6)}</span>
            <span className="text-ink-muted">
              {' '}
              {state} on {host}.{' '}
            </span>
            {why}
          </li>
        ))}
      </ul>
    )}
    {said.next.length > 0 && (
      <div>
        <h3 className="mb-1 text-xs font-medium text-ink-muted">Next</h3>
        <ul className="flex flex-col gap-1">
          {said.next.map(({ at, what }) => (
            <li key={`${at} ${what}`} className="flex items-start gap-2 text-[13px]">
              <CornerDownRight aria-hidden className="mt-0.5 size-3.5 shrink-0 text-ink-faint" />
              <span className="min-w-0 [overflow-wrap:anywhere]">
                <span className="text-ink-muted">{at === null ? 'Now' : <RelativeTime at={at} />}: </span>
                {what}
              </span>
            </li>
          ))}
        </ul>
      </div>
    )}
    <Measured said={said} />
  </div>
);

function Measured({ said: { measured, eta_seconds } }: { said: WireExplanation }) {
  const { run_seconds: run, boot_seconds: boot } = measured;
  const words = [
    run && `a run takes ${formatDuration(run.p50 * 1_000)} (${formatDuration(run.p90 * 1_000)} at worst of ten)`,
    boot && `a boot ${formatDuration(boot.p50 * 1_000)}`,
    eta_seconds !== null &&
      `one that came now would start ${eta_seconds < 1 ? 'at once' : `in ${formatDuration(eta_seconds * 1_000)}`}`,
  ].filter((one) => typeof one === 'string');
  if (words.length === 0) return null;
  return <p className="text-[13px] text-ink-muted tabular">Measured: {words.join('; ')}.</p>;
}
