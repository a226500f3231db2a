import type { AuditFilters, WireAuditEntry } from '@hearth/contract';
import { useQuery } from '@tanstack/react-query';
import { ScrollText } from 'lucide-react';
import { useState } from 'react';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { EmptyState, ErrorState, Skeleton } from '../../ui/states.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { RelativeTime } from '../../ui/time.tsx';
import { AuditFilterBar } from './audit-filters.tsx';
import { AuditOutcome } from './audit-outcome.tsx';
import { auditQuery } from './queries.ts';

const COLUMNS: readonly Column<WireAuditEntry>[] = [
  { name: 'When', cell: ({ at }) => <RelativeTime at={at} /> },
  {
    name: 'Who',
    cell: ({ account, member, token, ip }) => (
      <>
        {member === account ? account : `${account}/${member}`}
        <span className="block text-xs text-ink-muted">
          {[token && `token ${token.name}`, ip].filter(Boolean).join(', from ')}
        </span>
      </>
    ),
  },
  { name: 'What', cell: ({ operation }) => <code className="font-mono">{operation}</code> },
  { name: 'Subject', cell: ({ subject }) => subject && <span className="break-all">{subject}</span> },
  {
    name: 'Outcome',
    cell: (entry) => <AuditOutcome {...entry} />,
  },
  { name: 'Changes', cell: changesOf },
];

/** What became another, or where it did not, what was asked for. */
function changesOf({ outcome, changes, asked }: WireAuditEntry) {
  const fields =
    outcome === 'done'
      ? changes.map(
          ({ field, before, after }) => [field, <Became key={field} before={before} after={after} />] as const,
        )
      : Object.entries(asked ?? {}).map(([field, value]) => [field, brief(value)] as const);
  if (fields.length === 0) return null;
  return (
    <>
      {outcome !== 'done' && <span className="text-ink-muted">asked for</span>}
      <ul className="flex flex-col gap-0.5 break-all">
        {fields.map(([field, what]) => (
          <li key={field}>
            {field}: {what}
          </li>
        ))}
      </ul>
    </>
  );
}

/** A readme may be as long as a book. */
const LONGEST_VALUE = 200;

function brief(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
}

const Became = ({ before, after }: { before: unknown; after: unknown }) => (
  <>
    <span className="text-ink-muted">{brief(before)} →</span> {brief(after)}
  </>
);

/** Who changed what, newest first, page by page. */
export function AuditTab() {
  const [page, setPage] = useState<AuditFilters | string>({});
  const log = useQuery(auditQuery(page));
  const turn = (to: string | null) => () => to !== null && setPage(to);
  return (
    <Card
      title="Audit log"
      description="Who changed what, from what to what. It cannot be changed itself."
      flush
      actions={<AuditFilterBar onChange={setPage} />}
    >
      {log.isPending && <Skeleton className="m-4 h-24" />}
      {log.isError && (
        <div className="p-4">
          <ErrorState error={log.error} retry={() => void log.refetch()} />
        </div>
      )}
      {log.isSuccess && log.data.results.length === 0 && (
        <div className="p-4">
          <EmptyState icon={<ScrollText aria-hidden />} title="Nothing of that was changed">
            Operations are called as in the log, such as <code className="font-mono">models.update</code>, and subjects
            as whole names.
          </EmptyState>
        </div>
      )}
      {log.isSuccess && log.data.results.length > 0 && (
        <Table label="Audit log" columns={COLUMNS} rows={log.data.results} rowKey={({ id }) => id} stacks />
      )}
      {log.isSuccess && (log.data.previous !== null || log.data.next !== null) && (
        <div className="flex justify-end gap-2 p-4">
          <Button disabled={log.data.previous === null} onClick={turn(log.data.previous)}>
            Newer
          </Button>
          <Button disabled={log.data.next === null} onClick={turn(log.data.next)}>
            Older
          </Button>
        </div>
      )}
    </Card>
  );
}
