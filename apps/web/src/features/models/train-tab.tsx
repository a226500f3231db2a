import { ApiError, type InvalidField, trainingInputSchemaOf, type WireModel, type WireVersion } from '@hearth/contract';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Dumbbell } from 'lucide-react';
import { lazy, Suspense, useId, useMemo, useState } from 'react';
import { api } from '../../api/client.ts';
import { mayChange, sessionQuery } from '../../api/session.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { Field, Input } from '../../ui/field.tsx';
import { ErrorState } from '../../ui/states.tsx';
import { useUploads } from '../playground/files/uploads.ts';
import { placeIssues } from '../playground/form/issues.ts';
import { type FormValues, initialValues, inputOf } from '../playground/form/values.ts';
import { FormSkeleton } from '../playground/input-panel.tsx';
import { modelsQuery } from './queries.ts';

const InputForm = lazy(async () => ({ default: (await import('../playground/form/input-form.tsx')).InputForm }));

const NOTHING: readonly InvalidField[] = [];
const NO_INPUTS = { properties: {}, required: [] };

/** Makes a new version of a model of one's own from this one. */
export function TrainTab({ model, version }: { model: WireModel; version: WireVersion }) {
  const schema = useMemo(() => trainingInputSchemaOf(version.openapi_schema) ?? NO_INPUTS, [version]);
  const formId = useId().replaceAll(':', '');
  const navigate = useNavigate();
  const uploads = useUploads();
  const [values, setValues] = useState<FormValues>(() => initialValues(schema));
  const [destination, setDestination] = useState('');
  const training = useMutation({
    mutationFn: (tidy: FormValues) =>
      api.trainings.create(
        { owner: model.owner, name: model.name, version: version.id },
        { destination: destination.trim(), input: { ...inputOf(schema, tidy) } },
      ),
    onSuccess: ({ id }) => navigate({ to: '/predictions/$id', params: { id } }),
  });
  const { error } = training;
  const refused = error instanceof ApiError ? error.invalidFields : NOTHING;
  const { elsewhere } = placeIssues(schema, refused);
  const aboutDestination = elsewhere.find(({ field }) => field === 'destination');
  const said = refused.length > 0 && elsewhere.every((issue) => issue === aboutDestination);
  return (
    <Card
      title="Train"
      description="Makes a new version of a model of yours. The run is billed by the second, and its progress has a page of its own."
      className="max-w-3xl"
    >
      <div className="flex flex-col gap-5">
        <Destination value={destination} onChange={setDestination} error={aboutDestination?.description} />
        <Suspense fallback={<FormSkeleton fields={Object.keys(schema.properties).length} />}>
          <InputForm
            id={formId}
            schema={schema}
            values={values}
            onChange={setValues}
            onSubmit={(tidy) => {
              setValues(tidy);
              training.mutate(tidy);
            }}
            refused={refused}
          />
        </Suspense>
        {error !== null && !said && <ErrorState error={error} compact />}
        <Button
          type="submit"
          form={formId}
          variant="primary"
          busy={training.isPending}
          disabled={uploads > 0}
          icon={<Dumbbell aria-hidden className="size-4" />}
          className="self-start"
        >
          {uploads > 0 ? 'Uploading…' : 'Train'}
        </Button>
      </div>
    </Card>
  );
}

function Destination(props: { value: string; onChange: (value: string) => void; error: string | undefined }) {
  const { data: session } = useQuery(sessionQuery);
  const { data: models = [] } = useQuery(modelsQuery);
  const listId = useId();
  const own = models.filter(({ owner }) => mayChange(session, owner));
  return (
    <Field label="Destination" required hint="The model that gets the new version, as owner/name." error={props.error}>
      {(control) => (
        <>
          <Input
            {...control}
            list={listId}
            value={props.value}
            onChange={(event) => props.onChange(event.target.value)}
            className="font-mono"
          />
          <datalist id={listId}>
            {own.map(({ owner, name }) => (
              <option key={`${owner}/${name}`} value={`${owner}/${name}`} />
            ))}
          </datalist>
        </>
      )}
    </Field>
  );
}
