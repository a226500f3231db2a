import type { BoardDeployment, DeploymentPatch } from '@hearth/contract';
import { useMutation } from '@tanstack/react-query';
import { SlidersHorizontal } from 'lucide-react';
import { type FormEvent, useId, useState } from 'react';
import { api } from '../../api/client.ts';
import { useNeeds } from '../../api/session.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { unplacedError } from '../../ui/error-words.ts';
import { ErrorState } from '../../ui/states.tsx';
import { toastDone } from '../../ui/toast.tsx';
import { changesOf, textOfRelease } from './deployment-form.ts';
import { RELEASE_FIELDS, ReleaseFields } from './release-fields.tsx';

/** Changes what a deployment runs, on what, how far it scales and how long it stays warm: each change is a release. */
export function ChangeButton({ deployment }: { deployment: BoardDeployment }) {
  const [open, setOpen] = useState(false);
  const [owner = ''] = deployment.deployment.split('/');
  return (
    <>
      <Button
        size="sm"
        {...useNeeds('deploy', owner)}
        icon={<SlidersHorizontal aria-hidden className="size-4" />}
        onClick={() => setOpen(true)}
      >
        Change
      </Button>
      {open && <ChangeDialog deployment={deployment} onClose={() => setOpen(false)} />}
    </>
  );
}

function ChangeDialog({ deployment, onClose }: { deployment: BoardDeployment; onClose: () => void }) {
  const [owner = '', name = ''] = deployment.deployment.split('/');
  const formId = useId();
  // What it was when the dialog was opened: what others change meanwhile is not taken for this person's change.
  const [was] = useState(deployment);
  const [form, setForm] = useState(() => textOfRelease(was));
  const changing = useMutation({
    mutationFn: (change: DeploymentPatch) => api.deployments.update(owner, name, change),
    onSuccess: ({ current_release }) => {
      toastDone(`${deployment.deployment} is release ${current_release.number} now`);
      onClose();
    },
  });
  const changes = changesOf(was, form);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    changing.mutate(changes);
  };
  const left = unplacedError(changing.error, RELEASE_FIELDS);
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Change ${deployment.deployment}`}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            variant="primary"
            type="submit"
            form={formId}
            busy={changing.isPending}
            disabled={Object.keys(changes).length === 0}
          >
            Make a release
          </Button>
        </>
      }
    >
      <form id={formId} onSubmit={submit} className="flex flex-col gap-4">
        <ReleaseFields
          model={deployment.model}
          form={form}
          onChange={(change) => setForm({ ...form, ...change })}
          error={changing.error}
          keepRules={['time', 'until-needed', 'auto']}
        />
        {left !== null && <ErrorState error={left} compact />}
      </form>
    </Dialog>
  );
}
