import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import { useNeeds } from '../../api/session.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Confirm } from '../../ui/dialog.tsx';
import { ErrorState, Skeleton } from '../../ui/states.tsx';
import { toastDone } from '../../ui/toast.tsx';
import { webhookSecretQuery } from './queries.ts';

export function WebhooksTab() {
  const secret = useQuery(webhookSecretQuery);
  const [shown, setShown] = useState(false);
  const needed = useNeeds('admin');
  const [asking, setAsking] = useState(false);
  const queries = useQueryClient();
  const rotating = useMutation({
    mutationFn: () => api.webhooks.rotateSecret(),
    onSuccess: (fresh) => {
      queries.setQueryData(webhookSecretQuery.queryKey, fresh);
      setAsking(false);
      toastDone('The secret was changed', 'For 24 hours the one before it signs too.');
    },
  });
  return (
    <>
      <Card
        title="Signing secret"
        description="What your webhooks are signed with. Check the signature before you believe a request."
        actions={
          <>
            <Button onClick={() => setShown(!shown)} aria-expanded={shown}>
              {shown ? 'Hide' : 'Show'}
            </Button>
            <Button {...needed} onClick={() => setAsking(true)}>
              Change
            </Button>
          </>
        }
      >
        {secret.isPending && <Skeleton className="h-11" />}
        {secret.isError && <ErrorState error={secret.error} retry={() => void secret.refetch()} />}
        {secret.isSuccess &&
          (shown ? (
            <CodeBlock label="Signing secret" code={secret.data.key} wrap />
          ) : (
            <p className="font-mono text-ink-muted">whsec_{'•'.repeat(32)}</p>
          ))}
      </Card>
      <Confirm
        open={asking}
        onClose={() => setAsking(false)}
        title="Change the signing secret?"
        verb="Change it"
        danger={false}
        busy={rotating.isPending}
        error={rotating.error}
        onConfirm={() => rotating.mutate()}
      >
        Webhooks are signed with the new one at once, and for 24 hours with the present one too: that is the time to
        give the new one to whatever receives them.
      </Confirm>
    </>
  );
}
