import type { WireModel, WirePrediction } from '@hearth/contract';
import { outputSchemaOf } from '@hearth/contract';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Images, PinOff } from 'lucide-react';
import { api } from '../../api/client.ts';
import { Button, buttonClass } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { EmptyState, ErrorState, Skeleton } from '../../ui/states.tsx';
import { toastFailed } from '../../ui/toast.tsx';
import { OutputView } from '../playground/output/output-view.tsx';
import { metricsWords } from '../playground/run/metrics.ts';
import { InputView } from '../predictions/input-view.tsx';
import { examplesQuery } from './queries.ts';

/** Predictions that its owner shows. */
export function ExamplesTab({ model, mayChange }: { model: WireModel; mayChange: boolean }) {
  const { owner, name } = model;
  const { data: examples, error, refetch } = useQuery(examplesQuery(owner, name));
  if (error !== null) return <ErrorState error={error} retry={() => void refetch()} />;
  if (examples === undefined) return <Skeleton className="h-48" />;
  if (examples.length === 0) {
    return (
      <EmptyState icon={<Images aria-hidden />} title="No examples yet">
        {mayChange
          ? 'Run it, open the prediction and choose “Show as an example”.'
          : 'Its owner has not shown any prediction.'}
      </EmptyState>
    );
  }
  return (
    <ul className="flex flex-col gap-5">
      {examples.map((example) => (
        <li key={example.id}>
          <Example model={model} example={example} mayChange={mayChange} />
        </li>
      ))}
    </ul>
  );
}

function Example({ model, example, mayChange }: { model: WireModel; example: WirePrediction; mayChange: boolean }) {
  const { owner, name, latest_version: version } = model;
  const schema = version?.id === example.version ? outputSchemaOf(version.openapi_schema) : null;
  return (
    <Card
      title={example.id === model.default_example?.id ? 'Example, shown first' : 'Example'}
      description={metricsWords(example)}
      actions={
        <>
          {mayChange && <Unpin owner={owner} name={name} id={example.id} />}
          <Link
            to="/models/$owner/$name"
            params={{ owner, name }}
            search={{ tweak: example.id }}
            className={buttonClass('secondary', 'sm')}
          >
            Tweak it
          </Link>
        </>
      }
    >
      <div className="grid items-start gap-5 lg:grid-cols-2">
        <InputView input={example.input} />
        <OutputView output={example.output} schema={schema} />
      </div>
    </Card>
  );
}

function Unpin({ owner, name, id }: { owner: string; name: string; id: string }) {
  const queries = useQueryClient();
  const unpinning = useMutation({
    mutationFn: () => api.models.removeExample(owner, name, id),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['model', owner, name] }),
    onError: toastFailed,
  });
  return (
    <Button
      variant="quiet"
      size="sm"
      busy={unpinning.isPending}
      icon={<PinOff aria-hidden className="size-3.5" />}
      onClick={() => unpinning.mutate()}
    >
      Show no longer
    </Button>
  );
}
