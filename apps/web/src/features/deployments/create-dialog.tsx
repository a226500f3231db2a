import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import { sessionQuery } from '../../api/session.ts';
import { fieldError } from '../../ui/error-words.ts';
import { Field, Select } from '../../ui/field.tsx';
import { FormDialog, NameField } from '../../ui/form-dialog.tsx';
import { toastDone } from '../../ui/toast.tsx';
import { modelsQuery } from '../models/queries.ts';
import { deploymentOfText, NEW_DEPLOYMENT } from './deployment-form.ts';
import { RELEASE_FIELDS, ReleaseFields } from './release-fields.tsx';

/** Makes a deployment of any model that has a version. `model`: the one that it begins with, `owner/name`; else any text. */
export function CreateDialog({ model: first, onClose }: { model: string; onClose: () => void }) {
  const { data: session } = useQuery(sessionQuery);
  const { data: models } = useQuery(modelsQuery);
  const [text, setText] = useState(NEW_DEPLOYMENT);
  const choices = (models ?? []).flatMap(({ owner, name, hardware, latest_version: newest }) =>
    newest === null ? [] : [{ model: `${owner}/${name}`, version: newest.id, hardware }],
  );
  const begin = choices.find(({ model }) => model === first);
  const form = text.model === '' && begin !== undefined ? { ...text, ...begin } : text;
  const set = (change: Partial<typeof text>) => setText({ ...form, ...change });
  const creating = useMutation({
    mutationFn: () => api.deployments.create(deploymentOfText(form)),
    onSuccess: ({ owner, name }) => {
      toastDone(`${owner}/${name} was created`);
      onClose();
    },
  });
  return (
    <FormDialog
      onClose={onClose}
      title="New deployment"
      verb="Create"
      busy={creating.isPending}
      error={creating.error}
      fields={['name', 'model', ...RELEASE_FIELDS]}
      onSubmit={() => creating.mutate()}
    >
      <NameField
        hint={`As programs call it: ${session?.account.username ?? 'you'}/${form.name.trim() || '…'}`}
        error={creating.error}
        value={form.name}
        onChange={(name) => set({ name })}
      />
      <Field label="Model" required error={fieldError(creating.error, 'model')}>
        {(control) => (
          <Select
            {...control}
            required
            value={form.model}
            onChange={({ target }) => set(choices.find(({ model }) => model === target.value) ?? {})}
          >
            {form.model === '' && <option value="">Choose one</option>}
            {choices.map(({ model }) => (
              <option key={model}>{model}</option>
            ))}
          </Select>
        )}
      </Field>
      <ReleaseFields
        model={form.model}
        form={form}
        onChange={set}
        error={creating.error}
        keepRules={['usual', 'time', 'until-needed', 'auto']}
      />
    </FormDialog>
  );
}
