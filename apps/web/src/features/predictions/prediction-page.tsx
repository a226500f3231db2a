import { outputSchemaOf, type WirePrediction } from '@hearth/contract';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { Pencil } from 'lucide-react';
import { useMemo } from 'react';
import { buttonClass } from '../../ui/button.tsx';
import { Card, Facts } from '../../ui/card.tsx';
import { CopyButton } from '../../ui/code-block.tsx';
import { formatDateTime, formatDuration, formatMoney } from '../../ui/format.ts';
import { Page } from '../../ui/page.tsx';
import { ErrorState, Skeleton } from '../../ui/states.tsx';
import { versionQuery } from '../models/queries.ts';
import { costMicros, runMs, totalMs } from '../playground/run/metrics.ts';
import { RunView } from '../playground/run/run-view.tsx';
import { usePrediction } from '../playground/run/use-prediction.ts';
import { ExampleButton } from './example-button.tsx';
import { InputView } from './input-view.tsx';
import { TimelineCard } from './timeline-card.tsx';
import { WebhooksCard } from './webhooks-card.tsx';

export function PredictionPage() {
  const { id } = useParams({ from: '/app/predictions/$id' });
  const { data: prediction, error, refetch } = usePrediction(id);
  return (
    <Page
      title={prediction === undefined ? 'Prediction' : prediction.model}
      above={
        <Link to="/predictions" className="hover:text-ink">
          Predictions
        </Link>
      }
      description={<Id id={id} />}
      actions={prediction && <Actions prediction={prediction} />}
    >
      {error !== null && prediction === undefined && <ErrorState error={error} retry={() => void refetch()} />}
      {error === null && prediction === undefined && <Loading />}
      {prediction !== undefined && <Shown prediction={prediction} />}
    </Page>
  );
}

const Id = ({ id }: { id: string }) => (
  <span className="flex items-center gap-1">
    <code className="font-mono text-[13px]">{id}</code>
    <CopyButton text={id} label="Copy the id" />
  </span>
);

function Actions({ prediction }: { prediction: WirePrediction }) {
  const [owner = '', name = ''] = prediction.model.split('/');
  return (
    <>
      <span className="flex items-center gap-0.5 text-[13px] text-ink-muted">
        Share
        <CopyButton text={prediction.urls.web} label="Copy a link to share" />
      </span>
      <ExampleButton prediction={prediction} />
      {!prediction.data_removed && (
        <Link
          to="/models/$owner/$name"
          params={{ owner, name }}
          search={{ tweak: prediction.id, version: prediction.version }}
          className={buttonClass('primary')}
        >
          <Pencil aria-hidden className="size-4" />
          Tweak it
        </Link>
      )}
    </>
  );
}

const Loading = () => (
  <div className="grid gap-5 lg:grid-cols-2" role="status" aria-label="The prediction is on its way">
    <Skeleton className="h-64" />
    <Skeleton className="h-64" />
  </div>
);

function Shown({ prediction }: { prediction: WirePrediction }) {
  const [owner = '', name = ''] = prediction.model.split('/');
  // A version that was deleted says no more what it gave.
  const { data: version } = useQuery({ ...versionQuery(owner, name, prediction.version), retry: false });
  const schema = useMemo(() => (version === undefined ? null : outputSchemaOf(version.openapi_schema)), [version]);
  return (
    <div className="grid items-start gap-5 lg:grid-cols-2">
      <div className="flex min-w-0 flex-col gap-5 max-lg:contents">
        <Card title="Input" className="max-lg:order-1">
          {prediction.data_removed ? (
            <p className="text-ink-muted">It was removed.</p>
          ) : (
            <InputView input={prediction.input} />
          )}
        </Card>
        <Card title="About it" className="max-lg:order-5">
          <AboutIt prediction={prediction} />
        </Card>
      </div>
      <div className="flex min-w-0 flex-col gap-5 max-lg:contents">
        <Card title="Output" className="max-lg:order-2">
          <RunView prediction={prediction} schema={schema} />
        </Card>
        <TimelineCard prediction={prediction} />
        {prediction.webhook !== undefined && <WebhooksCard prediction={prediction} />}
      </div>
    </div>
  );
}

function AboutIt({ prediction }: { prediction: WirePrediction }) {
  const { model, version, deployment, source, created_at: created, deadline } = prediction;
  const [owner = '', name = ''] = model.split('/');
  const [ran, total, cost] = [runMs(prediction), totalMs(prediction), costMicros(prediction)];
  return (
    <Facts
      facts={[
        [
          'Model',
          <Link
            key="model"
            to="/models/$owner/$name"
            params={{ owner, name }}
            className="underline decoration-line-strong underline-offset-2"
          >
            {model}
          </Link>,
        ],
        [
          'Version',
          <code key="version" className="font-mono text-[13px]">
            {version.slice(0, 12)}
          </code>,
        ],
        ...(deployment === undefined ? [] : [['Deployment', deployment] as const]),
        ['Made', `${formatDateTime(Date.parse(created))}, by the ${source === 'web' ? 'web UI' : 'API'}`],
        ...(deadline === undefined ? [] : [['Deadline', formatDateTime(Date.parse(deadline))] as const]),
        ...(ran === null ? [] : [['Ran', formatDuration(ran)] as const]),
        ...(total === null ? [] : [['In all', formatDuration(total)] as const]),
        ...(cost === null ? [] : [['Cost', formatMoney(cost)] as const]),
      ]}
    />
  );
}
