import type { InputSchema, WireModel, WireVersion } from '@hearth/contract';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { api, publicUrlNow } from '../../api/client.ts';
import { ErrorState, Skeleton } from '../../ui/states.tsx';
import { type FormValues, initialValues, inputOf, valuesOf } from '../playground/form/values.ts';
import { Playground } from '../playground/playground.tsx';
import { predictionKey } from '../playground/run/use-prediction.ts';
import { subjectOf } from '../playground/subject.ts';
import { ApiTab } from './api-tab.tsx';
import type { ModelTab } from './model-search.ts';

interface PlaygroundTabsProps {
  readonly model: WireModel;
  readonly version: WireVersion;
  readonly schema: InputSchema;
  readonly face: ModelTab;
}

/** The tabs that are about one input: it begins with the defaults, or with that of a prediction. */
export function PlaygroundTabs(props: PlaygroundTabsProps) {
  const { tweak, prediction } = useSearch({ from: '/app/models/$owner/$name' });
  // What it began with stays, whichever run is shown later.
  const [from] = useState(tweak ?? prediction);
  const { data, error, refetch } = useQuery({
    queryKey: predictionKey(from ?? ''),
    queryFn: () => api.predictions.get(from ?? ''),
    enabled: from !== undefined,
  });
  const [start, setStart] = useState<FormValues>();
  if (start === undefined && from !== undefined && data !== undefined) {
    setStart(valuesOf(props.schema, data.data_removed ? initialValues(props.schema) : data.input));
  }
  if (from === undefined) return <Faces {...props} start={initialValues(props.schema)} />;
  if (start !== undefined) return <Faces {...props} start={start} />;
  if (props.face !== 'playground' && props.face !== 'api') return null;
  if (error !== null) return <ErrorState error={error} retry={() => void refetch()} />;
  return <Skeleton className="h-80" />;
}

function Faces({ model, version, schema, face, start }: PlaygroundTabsProps & { start: FormValues }) {
  const { prediction } = useSearch({ from: '/app/models/$owner/$name' });
  const navigate = useNavigate({ from: '/models/$owner/$name' });
  const [values, setValues] = useState(start);
  const subject = subjectOf({ ...model, latest: model.latest_version?.id }, version, schema, publicUrlNow());
  if (face === 'api') {
    return <ApiTab subject={subject} version={version} schema={schema} input={inputOf(schema, values)} />;
  }
  if (face !== 'playground') return null;
  return (
    <Playground
      subject={subject}
      version={version}
      schema={schema}
      values={values}
      onChange={setValues}
      shown={prediction}
      onRun={(id) => void navigate({ search: (search) => ({ ...search, prediction: id }), replace: true })}
    />
  );
}
