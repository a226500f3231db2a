import { ApiError, type ModelPatch, type WireModel } from '@hearth/contract';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ChangeEvent, type FormEvent, useState } from 'react';
import { api } from '../../api/client.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { Field, Input, Select, Textarea } from '../../ui/field.tsx';
import { ErrorState, Skeleton } from '../../ui/states.tsx';
import { toastDone } from '../../ui/toast.tsx';
import { metricsWords } from '../playground/run/metrics.ts';
import { DeleteModel } from './delete-model.tsx';
import { HardwareField } from './hardware-field.tsx';
import { examplesQuery, modelQuery, readmeQuery } from './queries.ts';
import { changesOf, type Draft, draftOf } from './settings-draft.ts';

/** What its owner may change of a model. How many instances there are is a deployment's. */
export function SettingsTab({ model }: { model: WireModel }) {
  const { data: readme, error, refetch } = useQuery(readmeQuery(model.owner, model.name));
  if (error !== null) return <ErrorState error={error} retry={() => void refetch()} />;
  if (readme === undefined) return <Skeleton className="h-96" />;
  return (
    <div className="flex max-w-3xl flex-col gap-5">
      <SettingsForm model={model} readme={readme} />
      <DeleteModel model={model} />
    </div>
  );
}

function SettingsForm({ model, readme }: { model: WireModel; readme: string | null }) {
  const was = { ...model, readme };
  const [draft, setDraft] = useState<Draft>(() => draftOf(was));
  const queries = useQueryClient();
  const saving = useMutation({
    mutationFn: (patch: ModelPatch) => api.models.update(model.owner, model.name, patch),
    onSuccess: (saved, patch) => {
      const written = patch.readme === undefined ? readme : patch.readme;
      queries.setQueryData(modelQuery(model.owner, model.name).queryKey, saved);
      queries.setQueryData(readmeQuery(model.owner, model.name).queryKey, written);
      void queries.invalidateQueries({ queryKey: ['models'] });
      setDraft(draftOf({ ...saved, readme: written }));
      toastDone('Saved');
    },
  });
  const patch = changesOf(was, draft);
  const changed = Object.keys(patch).length > 0;
  const refused = saving.error instanceof ApiError ? saving.error.invalidFields : [];
  const props: PartProps = {
    draft,
    set: (change) => setDraft({ ...draft, ...change }),
    errorOf: (name) => refused.find(({ field }) => field === name)?.description,
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    saving.mutate(patch);
  };
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-5">
      <Running {...props} model={model} />
      <Showing {...props} model={model} />
      {saving.error !== null && refused.length === 0 && <ErrorState error={saving.error} />}
      <div className="flex gap-2">
        <Button type="submit" variant="primary" disabled={!changed} busy={saving.isPending}>
          Save
        </Button>
        <Button disabled={!changed} onClick={() => setDraft(draftOf(was))}>
          Discard
        </Button>
      </div>
    </form>
  );
}

interface PartProps {
  readonly draft: Draft;
  readonly set: (change: Partial<Draft>) => void;
  readonly errorOf: (name: keyof Draft) => string | undefined;
}

const Running = ({ draft, set, errorOf, model: { owner, name } }: PartProps & { model: WireModel }) => (
  <Card title="Running it">
    <div className="flex flex-col gap-5">
      <HardwareField
        value={draft.hardware}
        onChange={(hardware) => set({ hardware })}
        hint="From the next boot on."
        error={errorOf('hardware')}
      />
      <p className="text-[13px] text-ink-muted">
        Run without a deployment it is booted when it is asked for and goes when nobody has asked for a while. To say
        how many instances there are, and for how long they stay, make a{' '}
        <Link
          to="/deployments"
          search={{ deploy: `${owner}/${name}` }}
          className="underline underline-offset-2 hover:text-ink"
        >
          deployment
        </Link>{' '}
        of it.
      </p>
    </div>
  </Card>
);

const LINKS = [
  ['cover_image_url', 'Cover picture'],
  ['github_url', 'GitHub'],
  ['paper_url', 'Paper'],
  ['license_url', 'License'],
  ['weights_url', 'Weights'],
] as const;

function Showing({ draft, set, errorOf, model }: PartProps & { model: WireModel }) {
  const typed = (name: 'description' | 'readme' | (typeof LINKS)[number][0]) => ({
    value: draft[name],
    onChange: ({ target }: ChangeEvent<HTMLInputElement | HTMLTextAreaElement>) => set({ [name]: target.value }),
  });
  return (
    <Card title="Showing it">
      <div className="flex flex-col gap-5">
        <Field label="Who may see and run it" error={errorOf('visibility')}>
          {(control) => (
            <Select
              {...control}
              value={draft.visibility}
              onChange={({ target }) => set({ visibility: target.value === 'public' ? 'public' : 'private' })}
            >
              <option value="public">Everybody with a token (public)</option>
              <option value="private">Its account and the operator (private)</option>
            </Select>
          )}
        </Field>
        <Field label="Description" error={errorOf('description')}>
          {(control) => <Textarea {...control} {...typed('description')} rows={2} />}
        </Field>
        <Field label="Readme" hint="In Markdown." error={errorOf('readme')}>
          {(control) => <Textarea {...control} {...typed('readme')} rows={10} className="font-mono text-[13px]" />}
        </Field>
        <ExampleField
          model={model}
          value={draft.default_example}
          onChange={(id) => set({ default_example: id })}
          error={errorOf('default_example')}
        />
        {LINKS.map(([name, label]) => (
          <Field key={name} label={label} error={errorOf(name)}>
            {(control) => <Input {...control} {...typed(name)} type="url" placeholder="https://…" />}
          </Field>
        ))}
      </div>
    </Card>
  );
}

/** A choice among the examples; another prediction becomes one on its own page. */
function ExampleField(props: {
  model: WireModel;
  value: string;
  onChange: (id: string) => void;
  error: string | undefined;
}) {
  const { data: examples = [] } = useQuery(examplesQuery(props.model.owner, props.model.name));
  const known = props.value === '' || examples.some(({ id }) => id === props.value);
  return (
    <Field label="Example shown first" error={props.error}>
      {(control) => (
        <Select {...control} value={props.value} onChange={({ target }) => props.onChange(target.value)}>
          <option value="">None</option>
          {!known && <option value={props.value}>{props.value}</option>}
          {examples.map((example) => (
            <option key={example.id} value={example.id}>
              {example.id}, {metricsWords(example)}
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
}
