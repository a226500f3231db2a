import type { BoardDeployment, DeploymentPatch } from '@hearth/contract';
import { useMutation, useQuery } from '@tanstack/react-query';
import { SlidersHorizontal } from 'lucide-react';
import { type FormEvent, useId, useState } from 'react';
import { api } from '../../api/client.ts';
import { useNeeds } from '../../api/session.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { fieldError, unplacedError } from '../../ui/error-words.ts';
import { Field, Input, Select } from '../../ui/field.tsx';
import { ErrorState } from '../../ui/states.tsx';
import { toastDone } from '../../ui/toast.tsx';

const FIELDS = ['hardware', 'min_instances', 'max_instances', 'keep_alive'];

/** Changes how far a deployment scales and how long it stays warm: each change is a release. */
export function ScaleButton({ deployment }: { deployment: BoardDeployment }) {
  const [open, setOpen] = useState(false);
  const needed = useNeeds('deploy');
  return (
    <>
      <Button
        size="sm"
        {...needed}
        icon={<SlidersHorizontal aria-hidden className="size-4" />}
        onClick={() => setOpen(true)}
      >
        Change
      </Button>
      {open && <ScaleDialog deployment={deployment} onClose={() => setOpen(false)} />}
    </>
  );
}

function ScaleDialog({ deployment, onClose }: { deployment: BoardDeployment; onClose: () => void }) {
  const [owner = '', name = ''] = deployment.deployment.split('/');
  const form = useId();
  const { data: hardware } = useQuery({ queryKey: ['hardware'], queryFn: () => api.hardware.list() });
  const changing = useMutation({
    mutationFn: (change: DeploymentPatch) => api.deployments.update(owner, name, change),
    onSuccess: ({ current_release }) => {
      toastDone(`${deployment.deployment} is release ${current_release.number} now`);
      onClose();
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    changing.mutate(patchOf(new FormData(event.currentTarget)));
  };
  const left = unplacedError(changing.error, FIELDS);
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Change ${deployment.deployment}`}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="primary" type="submit" form={form} busy={changing.isPending}>
            Make a release
          </Button>
        </>
      }
    >
      <form id={form} onSubmit={submit} className="flex flex-col gap-4">
        <Field label="Hardware" error={fieldError(changing.error, 'hardware')}>
          {(control) => (
            <Select {...control} name="hardware" defaultValue={deployment.hardware} key={hardware?.length}>
              {(hardware?.map(({ sku }) => sku) ?? [deployment.hardware]).map((sku) => (
                <option key={sku}>{sku}</option>
              ))}
            </Select>
          )}
        </Field>
        <div className="grid grid-cols-2 gap-4">
          <Field
            label="At least"
            hint="instances, asked for or not"
            error={fieldError(changing.error, 'min_instances')}
          >
            {(control) => (
              <Input
                {...control}
                name="min"
                type="number"
                min={0}
                max={5}
                defaultValue={deployment.min_instances}
                required
              />
            )}
          </Field>
          <Field label="At most" hint="0 switches it off" error={fieldError(changing.error, 'max_instances')}>
            {(control) => (
              <Input
                {...control}
                name="max"
                type="number"
                min={0}
                max={20}
                defaultValue={deployment.max_instances}
                required
              />
            )}
          </Field>
        </div>
        <Field
          label="Keep-alive"
          hint="How long an idle instance stays: seconds, a duration such as 5m, until-needed or auto."
          error={fieldError(changing.error, 'keep_alive')}
        >
          {(control) => <Input {...control} name="keep" defaultValue={deployment.keep_alive} required />}
        </Field>
        {left !== null && <ErrorState error={left} compact />}
      </form>
    </Dialog>
  );
}

const textOf = (data: FormData, name: string): string => {
  const value = data.get(name);
  return typeof value === 'string' ? value.trim() : '';
};

/** A number of seconds is sent as one: the API takes text for a rule or a duration. */
function patchOf(data: FormData): DeploymentPatch {
  const keep = textOf(data, 'keep');
  return {
    hardware: textOf(data, 'hardware'),
    min_instances: Number(textOf(data, 'min')),
    max_instances: Number(textOf(data, 'max')),
    keep_alive: /^\d+$/.test(keep) ? Number(keep) : keep,
  };
}
