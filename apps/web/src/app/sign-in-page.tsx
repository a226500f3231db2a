import { ApiError } from '@hearth/contract';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { type FormEvent, useEffect, useId, useState } from 'react';
import { sessionQuery, signIn } from '../api/session.ts';
import { Button } from '../ui/button.tsx';
import { errorWords } from '../ui/error-words.ts';
import { Logo } from './logo.tsx';
import { ThemeSwitch } from './theme-switch.tsx';

export function SignInPage() {
  const { to } = useSearch({ from: '/sign-in' });
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [token, setToken] = useState('');
  const id = useId();
  const entering = useMutation({
    mutationFn: signIn,
    onSuccess: async (session) => {
      // Somebody else may have been signed in before.
      queries.clear();
      queries.setQueryData(sessionQuery.queryKey, session);
      await navigate({ href: to ?? '/', replace: true });
    },
  });
  useEffect(() => {
    document.title = 'Sign in · Hearth';
  }, []);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    entering.mutate(token.trim());
  };
  return (
    <main className="grid min-h-dvh place-items-center bg-canvas px-4 py-10">
      <div className="absolute top-4 right-4">
        <ThemeSwitch />
      </div>
      <div className="w-full max-w-sm">
        <Logo className="mb-5 size-10" />
        <h1 className="text-xl font-semibold tracking-tight">Sign in to Hearth</h1>
        <p className="mt-1 text-ink-muted">With an API token, as the command line and your clients use.</p>
        <form onSubmit={submit} className="mt-6 flex flex-col gap-3">
          <label htmlFor={id} className="text-[13px] font-medium">
            Token
          </label>
          <input
            id={id}
            type="password"
            autoComplete="current-password"
            // oxlint-disable-next-line jsx-a11y/no-autofocus -- the page has this one thing to do
            autoFocus
            required
            value={token}
            onChange={(event) => setToken(event.target.value)}
            aria-invalid={entering.isError || undefined}
            aria-describedby={entering.isError ? `${id}-error` : `${id}-help`}
            className="h-10 rounded-md border border-line-strong bg-surface px-3 font-mono"
          />
          {entering.isError && (
            <p id={`${id}-error`} role="alert" className="text-danger">
              {refusal(entering.error)}
            </p>
          )}
          <Button type="submit" variant="primary" busy={entering.isPending} className="h-10">
            Sign in
          </Button>
        </form>
        <p id={`${id}-help`} className="mt-6 text-[13px] text-ink-muted">
          The first one was printed by <code className="font-mono">npm start</code>. Another is made with{' '}
          <code className="font-mono">npm run hearth -- tokens add NAME --scope admin</code>.
        </p>
      </div>
    </main>
  );
}

function refusal(error: unknown): string {
  if (error instanceof ApiError && error.status === 401) return 'This token is not known, or was revoked.';
  return errorWords(error).detail;
}
