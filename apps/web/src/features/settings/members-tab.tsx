import type { WireMember } from '@hearth/contract';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import { type Session, useNeeds } from '../../api/session.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { Confirm } from '../../ui/dialog.tsx';
import { FormDialog, NameField } from '../../ui/form-dialog.tsx';
import { ErrorState, Skeleton } from '../../ui/states.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { RelativeTime } from '../../ui/time.tsx';
import { toastDone, toastFailed } from '../../ui/toast.tsx';
import { membersQuery } from './queries.ts';

/** The people of the account. Whoever is no owner sees who they are. */
export function MembersTab({ session }: { session: Session }) {
  const { username } = session.account;
  const members = useQuery(membersQuery(username));
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<WireMember | null>(null);
  const needed = useNeeds('admin');
  const changing = useMembersChange(username, ({ name, role }: WireMember) =>
    api.members.update(username, name, role === 'owner' ? 'member' : 'owner'),
  );
  const columns: Column<WireMember>[] = [
    { name: 'Name', cell: ({ name }) => <span className="font-medium">{name}</span> },
    { name: 'Role', cell: ({ role }) => <Badge tone={role === 'owner' ? 'accent' : 'neutral'}>{role}</Badge> },
    { name: 'Since', cell: ({ created_at }) => <RelativeTime at={created_at} /> },
    {
      name: 'Actions',
      hideName: true,
      align: 'right',
      cell: (member) => (
        <span className="inline-flex gap-2">
          <Button
            size="sm"
            {...needed}
            aria-label={`${otherRole(member)}: ${member.name}`}
            onClick={() => changing.mutate(member, { onError: toastFailed })}
          >
            {otherRole(member)}
          </Button>
          <Button size="sm" {...needed} aria-label={`Remove ${member.name}`} onClick={() => setRemoving(member)}>
            Remove
          </Button>
        </span>
      ),
    },
  ];
  return (
    <>
      <Card
        title="Members"
        description="The people of this account. Owners manage it; members use it, with the scope deploy at most."
        flush
        actions={
          <Button
            variant="primary"
            {...needed}
            icon={<Plus aria-hidden className="size-4" />}
            onClick={() => setAdding(true)}
          >
            New member
          </Button>
        }
      >
        {members.isPending && <Skeleton className="m-4 h-16" />}
        {members.isError && (
          <div className="p-4">
            <ErrorState error={members.error} retry={() => void members.refetch()} />
          </div>
        )}
        {members.isSuccess && (
          <Table label="Members" columns={columns} rows={members.data} rowKey={({ name }) => name} stacks />
        )}
      </Card>
      {adding && <NewMember username={username} onClose={() => setAdding(false)} />}
      {removing !== null && <Remove username={username} member={removing} onClose={() => setRemoving(null)} />}
    </>
  );
}

const otherRole = ({ role }: WireMember): string => (role === 'owner' ? 'Make a member' : 'Make an owner');

/** A change of who the members are or may do, and with it of their tokens. */
function useMembersChange<Given>(username: string, change: (given: Given) => Promise<unknown>, onDone?: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: async () => {
      onDone?.();
      toastDone(`The members of ${username} were changed`);
      await Promise.all(['members', 'tokens'].map((kind) => queries.invalidateQueries({ queryKey: [kind] })));
    },
  });
}

function NewMember({ username, onClose }: { username: string; onClose: () => void }) {
  const [name, setName] = useState('');
  const adding = useMembersChange(username, () => api.members.add(username, { name, role: 'member' }), onClose);
  return (
    <FormDialog
      onClose={onClose}
      title="New member"
      verb="Add"
      busy={adding.isPending}
      error={adding.error}
      fields={['name']}
      onSubmit={() => adding.mutate(undefined)}
    >
      <NameField
        hint="As they are called within the account. Then make them a token, under Tokens."
        error={adding.error}
        value={name}
        onChange={setName}
      />
    </FormDialog>
  );
}

function Remove({ username, member, onClose }: { username: string; member: WireMember; onClose: () => void }) {
  const removing = useMembersChange(username, (name: string) => api.members.remove(username, name), onClose);
  return (
    <Confirm
      open
      onClose={onClose}
      title={`Remove ${member.name}?`}
      verb="Remove"
      busy={removing.isPending}
      error={removing.error}
      onConfirm={() => removing.mutate(member.name)}
    >
      All tokens of {member.name} are refused from now on, and their sign-ins are over. What they made stays.
    </Confirm>
  );
}
