import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Trash2 } from 'lucide-react';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import { useNeeds } from '../../api/session.ts';
import { Button } from '../../ui/button.tsx';
import { Confirm } from '../../ui/dialog.tsx';
import { toastDone } from '../../ui/toast.tsx';

/** Deletes a deployment, after asking, and leads back to the others. */
export function DeleteButton({ owner, name }: { owner: string; name: string }) {
  const [open, setOpen] = useState(false);
  const navigate = useNavigate();
  const deleting = useMutation({
    mutationFn: () => api.deployments.delete(owner, name),
    onSuccess: async () => {
      toastDone(`${owner}/${name} was deleted`);
      await navigate({ to: '/deployments' });
    },
  });
  return (
    <>
      <Button
        size="sm"
        {...useNeeds('deploy', owner)}
        icon={<Trash2 aria-hidden className="size-4" />}
        onClick={() => setOpen(true)}
      >
        Delete
      </Button>
      {open && (
        <Confirm
          open
          onClose={() => setOpen(false)}
          title={`Delete ${owner}/${name}?`}
          verb="Delete"
          busy={deleting.isPending}
          error={deleting.error}
          onConfirm={() => deleting.mutate()}
        >
          Its instances drain and go, and what asks for {owner}/{name} is refused from then on. Its releases go with it;
          predictions and usage stay.
        </Confirm>
      )}
    </>
  );
}
