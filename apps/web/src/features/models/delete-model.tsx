import type { WireModel } from '@hearth/contract';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Trash2 } from 'lucide-react';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { Confirm } from '../../ui/dialog.tsx';
import { toastDone } from '../../ui/toast.tsx';

/** What stands in the way of deleting a model the API says; what does so mostly, the page. */
export function DeleteModel({ model: { owner, name } }: { model: WireModel }) {
  const [asked, setAsked] = useState(false);
  const navigate = useNavigate();
  const queries = useQueryClient();
  const deleting = useMutation({
    mutationFn: () => api.models.delete(owner, name),
    onSuccess: async () => {
      toastDone(`${owner}/${name} was deleted`);
      await navigate({ to: '/models' });
      queries.removeQueries({ queryKey: ['model', owner, name] });
      await queries.invalidateQueries({ queryKey: ['models'] });
    },
  });
  return (
    <Card title="Deleting it">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <p className="text-[13px] text-ink-muted">A model can be deleted once it is private and has no versions.</p>
        <Button icon={<Trash2 aria-hidden className="size-4" />} onClick={() => setAsked(true)}>
          Delete the model
        </Button>
      </div>
      <Confirm
        open={asked}
        onClose={() => setAsked(false)}
        title={`Delete ${owner}/${name}?`}
        verb="Delete"
        busy={deleting.isPending}
        error={deleting.error}
        onConfirm={() => deleting.mutate()}
      >
        Its page, its readme and its examples go. Predictions and usage stay. This cannot be taken back.
      </Confirm>
    </Card>
  );
}
