import type { WireRelease } from '@hearth/contract';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Undo2 } from 'lucide-react';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import { useNeeds } from '../../api/session.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { Confirm } from '../../ui/dialog.tsx';
import { ErrorState, Skeleton } from '../../ui/states.tsx';
import { RelativeTime } from '../../ui/time.tsx';
import { toastDone } from '../../ui/toast.tsx';
import { keepAliveWords } from './find-deployment.ts';

interface ReleasesProps {
  readonly owner: string;
  readonly name: string;
  /** The number of the current one. */
  readonly current: number;
}

/** What a deployment was from one change to the next, and the way back. */
export function Releases({ owner, name, current }: ReleasesProps) {
  const [back, setBack] = useState<WireRelease | null>(null);
  const needed = useNeeds('deploy', owner);
  const { data, error, refetch } = useQuery({
    // A new release is a new list.
    queryKey: ['releases', owner, name, current],
    queryFn: () => api.deployments.releases(owner, name),
  });
  return (
    <Card title="Releases" flush>
      {error !== null && data === undefined && (
        <div className="p-4">
          <ErrorState error={error} retry={() => void refetch()} compact />
        </div>
      )}
      {error === null && data === undefined && <Skeleton className="m-4 h-24" />}
      <ul>
        {data?.map((release) => (
          <li key={release.number} className="flex items-start gap-3 border-b border-line px-4 py-2.5 last:border-0">
            <div className="min-w-0 flex-1">
              <p className="flex flex-wrap items-center gap-x-2">
                <span className="font-medium tabular">Release {release.number}</span>
                {release.number === current && <Badge tone="accent">current</Badge>}
                {release.restores !== null && <Badge>as {release.restores}</Badge>}
              </p>
              <p className="text-[13px] text-ink-muted [overflow-wrap:anywhere]">{wordsOf(release)}</p>
              <p className="text-xs text-ink-muted">
                {release.created_by.username}, <RelativeTime at={release.created_at} />
              </p>
            </div>
            {release.number !== current && (
              <Button
                size="sm"
                {...needed}
                aria-label={`Go back to release ${release.number}`}
                icon={<Undo2 aria-hidden className="size-3.5" />}
                onClick={() => setBack(release)}
              >
                Go back
              </Button>
            )}
          </li>
        ))}
      </ul>
      {back !== null && <BackDialog owner={owner} name={name} release={back} onClose={() => setBack(null)} />}
    </Card>
  );
}

const wordsOf = ({
  version,
  configuration: { hardware, min_instances, max_instances, keep_alive },
}: WireRelease): string =>
  `${version.slice(0, 12)} on ${hardware}, ${min_instances} to ${max_instances}, kept ${keepAliveWords(keep_alive)}`;

function BackDialog(props: { owner: string; name: string; release: WireRelease; onClose: () => void }) {
  const { owner, name, release, onClose } = props;
  const client = useQueryClient();
  const going = useMutation({
    mutationFn: () => api.deployments.rollback(owner, name, release.number),
    onSuccess: async ({ current_release }) => {
      toastDone(`${owner}/${name} is as release ${release.number} was`, `It is release ${current_release.number}.`);
      onClose();
      await client.invalidateQueries({ queryKey: ['releases', owner, name] });
    },
  });
  return (
    <Confirm
      open
      onClose={onClose}
      title={`Go back to release ${release.number}`}
      verb="Go back"
      danger={false}
      busy={going.isPending}
      error={going.error}
      onConfirm={() => going.mutate()}
    >
      <p>
        {owner}/{name} gets a new release with what release {release.number} was: {wordsOf(release)}. What runs now
        serves until the new one does.
      </p>
    </Confirm>
  );
}
