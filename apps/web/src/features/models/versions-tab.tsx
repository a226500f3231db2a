import type { WireModel, WireVersion } from '@hearth/contract';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Badge } from '../../ui/badge.tsx';
import { buttonClass } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { CopyButton } from '../../ui/code-block.tsx';
import { ErrorState, Skeleton } from '../../ui/states.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { RelativeTime } from '../../ui/time.tsx';
import { versionsQuery } from './queries.ts';

export function VersionsTab({ model }: { model: WireModel }) {
  const { owner, name, latest_version: newest } = model;
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
        <Link
          to="/models/$owner/$name"
          params={{ owner, name }}
          search={id === newest?.id ? {} : { version: id }}
          className={buttonClass('secondary', 'sm')}
        >
          Try it
        </Link>
      ),
    },
  ];
  return (
    <Card flush>
      <Table label="Versions" columns={columns} rows={versions} rowKey={({ id }) => id} />
    </Card>
  );
}
