import type { BoardDeployment, DeploymentPatch } from '@hearth/contract';
import { useMutation } from '@tanstack/react-query';
import { SlidersHorizontal } from 'lucide-react';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import { useNeeds } from '../../api/session.ts';
import { Button } from '../../ui/button.tsx';
import { FormDialog } from '../../ui/form-dialog.tsx';
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
  return (
    <FormDialog
      onClose={onClose}
      title={`Change ${deployment.deployment}`}
      verb="Make a release"
      busy={changing.isPending}
      disabled={Object.keys(changes).length === 0}
      error={changing.error}
      fields={RELEASE_FIELDS}
      onSubmit={() => changing.mutate(changes)}
    >
      <ReleaseFields
        model={deployment.model}
        form={form}
        onChange={(change) => setForm({ ...form, ...change })}
        error={changing.error}
        keepRules={['time', 'until-needed', 'auto']}
      />
    </FormDialog>
  );
}
