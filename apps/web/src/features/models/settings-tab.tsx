import { ApiError, type ModelPatch, type WireModel } from '@hearth/contract';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { api } from '../../api/client.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { Field, Input, Select, Textarea } from '../../ui/field.tsx';
import { formatPrice } from '../../ui/format.ts';
import { ErrorState } from '../../ui/states.tsx';
import { toastDone } from '../../ui/toast.tsx';
import { hardwareQuery, modelQuery } from './queries.ts';
import { changesOf, type Draft, draftOf } from './settings-draft.ts';

/** What its owner may change of a model. How many instances there are is a deployment's. */
export function SettingsTab({ model }: { model: WireModel }) {
  const [draft, setDraft] = useState<Draft>(() => draftOf(model));
  const queries = useQueryClient();
  const saving = useMutation({
    mutationFn: (patch: ModelPatch) => api.models.update(model.owner, model.name, patch),
    onSuccess: (saved) => {
      queries.setQueryData(modelQuery(model.owner, model.name).queryKey, saved);
      void queries.invalidateQueries({ queryKey: ['models'] });
      setDraft(draftOf(saved));
      toastDone('Saved');
    },
  });
  const patch = changesOf(model, draft);
  const changed = Object.keys(patch).length > 0;
  const refused = saving.error instanceof ApiError ? saving.error.invalidFields : [];
  const errorOf = (name: keyof Draft) => refused.find(({ field }) => field === name)?.description;
  const set = (name: keyof Draft) => (event: { target: { value: string } }) =>
    setDraft({ ...draft, [name]: event.target.value });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    saving.mutate(patch);
  };
  return (
    <form onSubmit={submit} noValidate className="flex max-w-3xl flex-col gap-5">
      <Card title="Running it">
        <div className="flex flex-col gap-5">
          <HardwareField value={draft.hardware} onChange={set('hardware')} error={errorOf('hardware')} />
          <p className="text-[13px] text-ink-muted">
            Run without a deployment it is booted when it is asked for and goes when nobody has asked for a while. To
            say how many instances there are, and for how long they stay, make a{' '}
            <Link to="/deployments" className="underline underline-offset-2 hover:text-ink">
              deployment
            </Link>{' '}
            of it.
          </p>
        </div>
      </Card>
      <Card title="Showing it">
        <div className="flex flex-col gap-5">
          <Field label="Who may see and run it" error={errorOf('visibility')}>
            {(control) => (
              <Select {...control} value={draft.visibility} onChange={set('visibility')}>
                <option value="public">Everybody with a token (public)</option>
                <option value="private">Its account and the operator (private)</option>
              </Select>
            )}
          </Field>
          <Field label="Description" error={errorOf('description')}>
            {(control) => <Textarea {...control} rows={2} value={draft.description} onChange={set('description')} />}
          </Field>
          {LINKS.map(([name, label]) => (
            <Field key={name} label={label} error={errorOf(name)}>
              {(control) => (
                <Input {...control} type="url" placeholder="https://…" value={draft[name]} onChange={set(name)} />
              )}
            </Field>
          ))}
        </div>
      </Card>
      {saving.error !== null && refused.length === 0 && <ErrorState error={saving.error} />}
      <div className="flex gap-2">
        <Button type="submit" variant="primary" disabled={!changed} busy={saving.isPending}>
          Save
        </Button>
        <Button disabled={!changed} onClick={() => setDraft(draftOf(model))}>
          Discard
        </Button>
      </div>
    </form>
  );
}

const LINKS = [
  ['cover_image_url', 'Cover picture'],
  ['github_url', 'GitHub'],
  ['paper_url', 'Paper'],
  ['license_url', 'License'],
  ['weights_url', 'Weights'],
] as const;

function HardwareField(props: {
  value: string;
  onChange: (event: { target: { value: string } }) => void;
  error: string | undefined;
}) {
  const { data: hardware = [] } = useQuery(hardwareQuery);
  const known = hardware.some(({ sku }) => sku === props.value);
  return (
    <Field label="Hardware" hint="From the next boot on." error={props.error}>
      {(control) => (
        <Select {...control} value={props.value} onChange={props.onChange}>
          {!known && <option value={props.value}>{props.value}</option>}
          {hardware.map(({ sku, name, price_micros_per_second: price }) => (
            <option key={sku} value={sku}>
              {name} ({sku}), {formatPrice(price)} a second
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
}
