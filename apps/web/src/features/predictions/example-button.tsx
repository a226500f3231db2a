import type { WirePrediction } from '@hearth/contract';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Pin } from 'lucide-react';
import { api } from '../../api/client.ts';
import { mayChange, sessionQuery } from '../../api/session.ts';
import { Button } from '../../ui/button.tsx';
import { toastDone, toastFailed } from '../../ui/toast.tsx';

/** For the model's owner, of one that succeeded. */
export function ExampleButton({ prediction: { id, model, status } }: { prediction: WirePrediction }) {
  const [owner = '', name = ''] = model.split('/');
  const { data: session } = useQuery(sessionQuery);
  const queries = useQueryClient();
  const pinning = useMutation({
    mutationFn: () => api.models.addExample(owner, name, { prediction: id }),
    onSuccess: () => {
      toastDone('Shown as an example', `On the page of ${model}.`);
      return queries.invalidateQueries({ queryKey: ['model', owner, name] });
    },
    onError: toastFailed,
  });
  if (status !== 'succeeded' || !mayChange(session, owner)) return null;
  return (
    <Button busy={pinning.isPending} icon={<Pin aria-hidden className="size-4" />} onClick={() => pinning.mutate()}>
      Show as an example
    </Button>
  );
}
