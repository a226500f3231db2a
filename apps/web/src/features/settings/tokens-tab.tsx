import type { WireToken } from '@hearth/contract';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { KeyRound, Plus } from 'lucide-react';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import type { Session } from '../../api/session.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { Confirm } from '../../ui/dialog.tsx';
import { Select } from '../../ui/field.tsx';
import { EmptyState, ErrorState, Skeleton } from '../../ui/states.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { RelativeTime } from '../../ui/time.tsx';
import { toastDone } from '../../ui/toast.tsx';
import { NewToken } from './new-token.tsx';
import { accountsQuery, tokensQuery } from './queries.ts';

export function TokensTab({ session }: { session: Session }) {
  const [username, setUsername] = useState(session.account.username);
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<WireToken | null>(null);
  const tokens = useQuery(tokensQuery(username));
  const mayRevoke = (token: WireToken) => session.operator || !token.operator;
  const columns: Column<WireToken>[] = [
    { name: 'Name', cell: ({ name }) => <span className="font-medium">{name}</span> },
    { name: 'Ends in', cell: ({ hint }) => <code className="font-mono text-ink-muted">…{hint}</code> },
    {
      name: 'Scope',
      cell: ({ scope, operator }) => (
        <span className="flex flex-wrap gap-1">
          <Badge tone={scope === 'admin' ? 'accent' : 'neutral'}>{scope}</Badge>
          {operator && <Badge tone="accent">operator</Badge>}
        </span>
      ),
    },
    { name: 'Member', cell: ({ member }) => member },
    {
      name: 'Expires',
      cell: ({ expires_at }) =>
        expires_at === null ? <span className="text-ink-muted">never</span> : <RelativeTime at={expires_at} />,
    },
    {
      name: 'Last used',
      cell: ({ last_used_at }) =>
        last_used_at === null ? <span className="text-ink-muted">never</span> : <RelativeTime at={last_used_at} />,
    },
    { name: 'Created', wideOnly: true, cell: ({ created_at }) => <RelativeTime at={created_at} /> },
    {
      name: 'Actions',
      hideName: true,
      align: 'right',
      cell: (token) =>
        mayRevoke(token) && (
          <Button size="sm" aria-label={`Revoke ${token.name}`} onClick={() => setRevoking(token)}>
            Revoke
          </Button>
        ),
    },
  ];
  return (
    <>
      <Card
        title="API tokens"
        description="For programs, the command line and this page. A token is shown once, when it is made."
        flush
        actions={
          <>
            {session.operator && <AccountChoice username={username} onChoose={setUsername} />}
            <Button variant="primary" icon={<Plus aria-hidden className="size-4" />} onClick={() => setMaking(true)}>
              New token
            </Button>
          </>
        }
      >
        {tokens.isPending && <Rows />}
        {tokens.isError && (
          <div className="p-4">
            <ErrorState error={tokens.error} retry={() => void tokens.refetch()} />
          </div>
        )}
        {tokens.isSuccess && tokens.data.length === 0 && (
          <div className="p-4">
            <EmptyState icon={<KeyRound aria-hidden />} title={`${username} has no tokens`}>
              Make one to let a program in.
            </EmptyState>
          </div>
        )}
        {tokens.isSuccess && tokens.data.length > 0 && (
          <Table label="API tokens" columns={columns} rows={tokens.data} rowKey={({ id }) => id} stacks />
        )}
      </Card>
      <NewToken open={making} onClose={() => setMaking(false)} session={session} username={username} />
      <Revoke token={revoking} onClose={() => setRevoking(null)} />
    </>
  );
}

const Rows = () => (
  <div className="flex flex-col gap-3 p-4">
    <Skeleton className="h-6" />
    <Skeleton className="h-6" />
    <Skeleton className="h-6" />
  </div>
);

function AccountChoice({ username, onChoose }: { username: string; onChoose: (username: string) => void }) {
  const accounts = useQuery(accountsQuery);
  const names = new Set([username, ...(accounts.data ?? []).map((account) => account.username)]);
  if (names.size < 2) return null;
  return (
    <Select aria-label="Account" value={username} onChange={(event) => onChoose(event.target.value)}>
      {[...names].toSorted().map((name) => (
        <option key={name}>{name}</option>
      ))}
    </Select>
  );
}

function Revoke({ token, onClose }: { token: WireToken | null; onClose: () => void }) {
  const queries = useQueryClient();
  const revoking = useMutation({
    mutationFn: (id: string) => api.tokens.remove(id),
    onSuccess: async () => {
      onClose();
      toastDone('The token was revoked');
      await queries.invalidateQueries({ queryKey: ['tokens'] });
    },
  });
  return (
    <Confirm
      open={token !== null}
      onClose={onClose}
      title={`Revoke ${token?.name}?`}
      verb="Revoke"
      busy={revoking.isPending}
      error={revoking.error}
      onConfirm={() => token && revoking.mutate(token.id)}
    >
      What uses the token that ends in <code className="font-mono">…{token?.hint}</code> is refused from now on, and
      whoever signed in here with it is signed out. This cannot be taken back.
    </Confirm>
  );
}
