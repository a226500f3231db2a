import type { WireModel, WireVersion } from '@hearth/contract';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button, buttonClass } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { CopyButton } from '../../ui/code-block.tsx';
import { Confirm } from '../../ui/dialog.tsx';
import { ErrorState, Skeleton } from '../../ui/states.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { RelativeTime } from '../../ui/time.tsx';
import { toastDone } from '../../ui/toast.tsx';
import { versionsQuery } from './queries.ts';

export function VersionsTab({ model, mayChange }: { model: WireModel; mayChange: boolean }) {
  const { owner, name, latest_version: newest } = model;
  const [deleting, setDeleting] = useState<string | null>(null);
  const { data: versions, error, refetch } = useQuery(versionsQuery(owner, name));
  if (error !== null) return <ErrorState error={error} retry={() => void refetch()} />;
  if (versions === undefined) return <Skeleton className="h-48" />;
  const columns: readonly Column<WireVersion>[] = [
    {
      name: 'Version',
      cell: ({ id }) => (
        <span className="flex items-center gap-1.5">
          <code className="font-mono">{id.slice(0, 12)}</code>
          <CopyButton text={id} label={`Copy the id of ${id.slice(0, 12)}`} />
          {id === newest?.id && <Badge tone="good">newest</Badge>}
        </span>
      ),
    },
    { name: 'Added', cell: ({ created_at: at }) => <RelativeTime at={at} /> },
    { name: 'Cog', wideOnly: true, cell: ({ cog_version: cog }) => cog },
    {
      name: 'What can be done',
      hideName: true,
      align: 'right',
      cell: ({ id }) => (
        <span className="inline-flex gap-2">
          <Link
            to="/models/$owner/$name"
            params={{ owner, name }}
            search={id === newest?.id ? {} : { version: id }}
            className={buttonClass('secondary', 'sm')}
          >
            Try it
          </Link>
          {mayChange && (
            <Button size="sm" aria-label={`Delete ${id.slice(0, 12)}`} onClick={() => setDeleting(id)}>
              Delete
            </Button>
          )}
        </span>
      ),
    },
  ];
  return (
    <Card flush>
      <Table label="Versions" columns={columns} rows={versions} rowKey={({ id }) => id} stacks />
      {deleting !== null && <DeleteVersion model={model} id={deleting} onClose={() => setDeleting(null)} />}
    </Card>
  );
}

function DeleteVersion({ model, id, onClose }: { model: WireModel; id: string; onClose: () => void }) {
  const { owner, name } = model;
  const queries = useQueryClient();
  const deleting = useMutation({
    mutationFn: () => api.versions.delete(owner, name, id),
    onSuccess: async () => {
      onClose();
      toastDone(`${id.slice(0, 12)} was deleted`);
      await queries.invalidateQueries({ queryKey: ['model', owner, name] });
    },
  });
  return (
    <Confirm
      open
      onClose={onClose}
      title={`Delete ${id.slice(0, 12)}?`}
      verb="Delete"
      busy={deleting.isPending}
      error={deleting.error}
      onConfirm={() => deleting.mutate()}
    >
      What runs of it drains and goes, and whoever asks for this version of {owner}/{name} is refused from then on. This
      cannot be taken back.
    </Confirm>
  );
}
