import type { WireNewToken } from '@hearth/contract';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useId, useState } from 'react';
import { api } from '../../api/client.ts';
import type { Session } from '../../api/session.ts';
import { Button } from '../../ui/button.tsx';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { fieldError, unplacedError } from '../../ui/error-words.ts';
import { Field, Input, Select } from '../../ui/field.tsx';
import { ErrorState } from '../../ui/states.tsx';

interface NewTokenProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly session: Session;
  /** Whose it is unless an admin says otherwise. */
  readonly username: string;
}

/** Asks what a token is for, makes it and shows it, the one time that it can be seen. */
export function NewToken({ open, onClose, session, username }: NewTokenProps) {
  const [made, setMade] = useState<WireNewToken | null>(null);
  const close = () => {
    setMade(null);
    onClose();
  };
  if (made !== null) {
    return (
      <Dialog
        open={open}
        onClose={close}
        title={`The token ${made.name}`}
        footer={
          <Button variant="primary" onClick={close}>
            I have copied it
          </Button>
        }
      >
        <p className="mb-3">Copy it now: it is shown only this once. Keep it as you keep a password.</p>
        <CodeBlock label="Token" code={made.token} wrap />
      </Dialog>
    );
  }
  return <Ask open={open} onClose={close} session={session} username={username} onMade={setMade} />;
}

function Ask(props: NewTokenProps & { onMade: (token: WireNewToken) => void }) {
  const { open, onClose, session, onMade } = props;
  const [name, setName] = useState('');
  const [role, setRole] = useState<'member' | 'admin'>('member');
  const [username, setUsername] = useState<string | null>(null);
  const formId = useId();
  const queries = useQueryClient();
  const making = useMutation({
    mutationFn: () => api.tokens.create({ name, role, username: username ?? props.username }),
    onSuccess: async (token) => {
      setName('');
      onMade(token);
      await Promise.all(['tokens', 'accounts'].map((kind) => queries.invalidateQueries({ queryKey: [kind] })));
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    making.mutate();
  };
  const rest = unplacedError(making.error, ['name', 'username', 'role']);
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title="New token"
      footer={
        <>
          <Button onClick={onClose}>Close</Button>
          <Button type="submit" form={formId} variant="primary" busy={making.isPending}>
            Make the token
          </Button>
        </>
      }
    >
      <form id={formId} onSubmit={submit} className="flex flex-col gap-4">
        <Field
          label="Name"
          hint="What it is for, such as the program or the machine."
          required
          error={fieldError(making.error, 'name')}
        >
          {(control) => (
            <Input
              {...control}
              required
              maxLength={100}
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        {session.role === 'admin' && (
          <>
            <Field
              label="Account"
              hint="Whose it is. An account that is not there yet is made."
              required
              error={fieldError(making.error, 'username')}
            >
              {(control) => (
                <Input
                  {...control}
                  required
                  value={username ?? props.username}
                  onChange={(event) => setUsername(event.target.value)}
                />
              )}
            </Field>
            <Field label="Role" hint="Admins see and change everything, members what is theirs.">
              {(control) => (
                <Select
                  {...control}
                  value={role}
                  onChange={(event) => setRole(event.target.value === 'admin' ? 'admin' : 'member')}
                >
                  <option>member</option>
                  <option>admin</option>
                </Select>
              )}
            </Field>
          </>
        )}
        {rest !== null && <ErrorState error={rest} compact />}
      </form>
    </Dialog>
  );
}
