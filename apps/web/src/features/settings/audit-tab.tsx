import type { WireAuditEntry } from '@hearth/contract';
import { useQuery } from '@tanstack/react-query';
import { ScrollText } from 'lucide-react';
import { useState } from 'react';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { Select } from '../../ui/field.tsx';
import { EmptyState, ErrorState, Skeleton } from '../../ui/states.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { RelativeTime } from '../../ui/time.tsx';
import { auditQuery } from './queries.ts';

const OUTCOMES = ['done', 'refused', 'unknown'] as const;
type Outcome = (typeof OUTCOMES)[number];
const TONES: Record<Outcome, Tone> = { done: 'good', refused: 'caution', unknown: 'danger' };

const COLUMNS: readonly Column<WireAuditEntry>[] = [
  { name: 'When', cell: ({ at }) => <RelativeTime at={at} /> },
  {
    name: 'Who',
    cell: ({ account, member, token, ip }) => (
      <span title={[token && `token ${token.name}`, ip].filter(Boolean).join(', from ')}>
        {member === account ? account : `${account}/${member}`}
      </span>
    ),
  },
  { name: 'What', cell: ({ operation }) => <code className="font-mono">{operation}</code> },
  { name: 'Subject', cell: ({ subject }) => <span className="break-all">{subject}</span> },
  {
    name: 'Outcome',
    cell: ({ outcome, code }) => (
      <Badge tone={TONES[outcome]} {...(code !== null && { title: code })}>
        {outcome}
      </Badge>
    ),
  },
  {
    name: 'Changes',
    wideOnly: true,
    cell: ({ changes }) => (
      <ul className="flex flex-col gap-0.5 break-all">
        {changes.map(({ field, before, after }) => (
          <li key={field}>
            {field}: <span className="text-ink-muted">{JSON.stringify(before)} →</span> {JSON.stringify(after)}
          </li>
        ))}
      </ul>
    ),
  },
];

/** Who changed what, newest first, page by page. */
export function AuditTab() {
  const [outcome, setOutcome] = useState<Outcome | undefined>();
  const [page, setPage] = useState<string | null>(null);
  const log = useQuery(auditQuery(page ?? (outcome === undefined ? {} : { outcome })));
  const choose = (value: string) => {
    setPage(null);
    setOutcome(OUTCOMES.find((each) => each === value));
  };
  return (
    <Card
      title="Audit log"
      description="Who changed what, from what to what. It cannot be changed itself."
      flush
      actions={
        <Select aria-label="Outcome" value={outcome ?? ''} onChange={(event) => choose(event.target.value)}>
          <option value="">Every outcome</option>
          {OUTCOMES.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </Select>
      }
    >
      {log.isPending && <Skeleton className="m-4 h-24" />}
      {log.isError && (
        <div className="p-4">
          <ErrorState error={log.error} retry={() => void log.refetch()} />
        </div>
      )}
      {log.isSuccess && log.data.results.length === 0 && (
        <div className="p-4">
          <EmptyState icon={<ScrollText aria-hidden />} title="Nothing was changed">
            What anybody changes from now on is here.
          </EmptyState>
        </div>
      )}
      {log.isSuccess && log.data.results.length > 0 && (
        <Table label="Audit log" columns={COLUMNS} rows={log.data.results} rowKey={({ id }) => id} />
      )}
      {log.isSuccess && (log.data.previous !== null || log.data.next !== null) && (
        <div className="flex justify-end gap-2 p-4">
          <Button disabled={log.data.previous === null} onClick={() => setPage(log.data.previous)}>
            Newer
          </Button>
          <Button disabled={log.data.next === null} onClick={() => setPage(log.data.next)}>
            Older
          </Button>
        </div>
      )}
    </Card>
  );
}
