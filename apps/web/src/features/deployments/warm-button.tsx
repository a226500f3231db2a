import type { BoardDeployment } from '@hearth/contract';
import { useMutation } from '@tanstack/react-query';
import { Flame, FlameKindling } from 'lucide-react';
import { api } from '../../api/client.ts';
import { useNeeds } from '../../api/session.ts';
import { Button } from '../../ui/button.tsx';
import { formatDuration } from '../../ui/format.ts';
import { useClock } from '../../ui/now.ts';
import { toastDone, toastFailed } from '../../ui/toast.tsx';

const WARM_SECONDS = 900;

/** Keeps one instance of a deployment for a quarter of an hour, or ends that. */
export function WarmButton({ deployment }: { deployment: BoardDeployment }) {
  const [owner = '', name = ''] = deployment.deployment.split('/');
  const until = deployment.warm_until === null ? 0 : Date.parse(deployment.warm_until);
  const left = useClock((now) => (until > now ? formatDuration(until - now) : ''));
  const isKept = left !== '';
  const needed = useNeeds('deploy', owner);
  const warming = useMutation({
    mutationFn: () => api.deployments.warm(owner, name, isKept ? 0 : WARM_SECONDS),
    onSuccess: ({ warm_until }) =>
      warm_until === null
        ? toastDone(`${deployment.deployment} is no longer kept warm`)
        : toastDone(`Warming up ${deployment.deployment}`, 'One instance is kept for 15 minutes.'),
    onError: toastFailed,
  });
  return (
    <Button
      size="sm"
      busy={warming.isPending}
      {...(deployment.max_instances === 0 ? { disabled: true } : needed)}
      onClick={() => warming.mutate()}
      icon={isKept ? <FlameKindling aria-hidden className="size-4" /> : <Flame aria-hidden className="size-4" />}
    >
      {isKept ? `Kept warm for ${left}` : 'Warm up'}
    </Button>
  );
}
