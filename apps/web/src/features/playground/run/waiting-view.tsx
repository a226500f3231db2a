import type { WirePrediction } from '@hearth/contract';
import { useQuery } from '@tanstack/react-query';
import { Check } from 'lucide-react';
import { api } from '../../../api/client.ts';
import { cx } from '../../../ui/class-names.ts';
import { Progress } from '../../../ui/progress.tsx';
import { Elapsed } from '../../../ui/time.tsx';
import { Logs } from './logs.tsx';
import { BOOT_STEPS, etaWords, pullWords, shareOf } from './waiting-words.ts';

const LOGS_EVERY_MS = 1_000;

/** Why a prediction is not running yet, and how far that is. */
export function WaitingView({ prediction }: { prediction: WirePrediction }) {
  const { waiting } = prediction;
  if (waiting === undefined) return <p className="text-ink-muted">Queued.</p>;
  const { phase, progress, detail, position, eta_seconds: eta } = waiting;
  return (
    <div className="flex flex-col gap-3 rounded-lg border border-line bg-sunken p-3.5" aria-live="polite">
      <div className="flex flex-wrap items-baseline justify-between gap-x-4 gap-y-1">
        <p className="font-medium">{detail}</p>
        <p className="text-[13px] text-ink-muted">{etaWords(eta)}</p>
      </div>
      {phase !== null && <Steps phase={phase} />}
      {progress !== null && phase !== null && (
        <>
          <Progress label={`How far ${phase} is`} share={shareOf(progress)} />
          <p className="flex flex-wrap justify-between gap-x-4 text-[13px] text-ink-muted tabular">
            <span>
              {phase} for <Elapsed since={waiting.since} />
            </span>
            <span>{pullWords(progress)}</span>
          </p>
        </>
      )}
      <p className="text-[13px] text-ink-muted">
        {position === 0 ? 'Next in the queue.' : `${position} before it in the queue.`} Waiting and booting cost
        nothing.
      </p>
      {phase !== null && <SetupLogs prediction={prediction.id} />}
    </div>
  );
}

const Steps = ({ phase }: { phase: string }) => {
  const now = BOOT_STEPS.findIndex((step) => step === phase);
  return (
    <ol aria-label="Phases of the boot" className="flex flex-wrap gap-x-1 gap-y-1.5">
      {BOOT_STEPS.map((step, at) => (
        <li
          key={step}
          aria-current={at === now ? 'step' : undefined}
          className={cx(
            'flex items-center gap-1 rounded-full px-2 py-0.5 text-xs',
            at === now ? 'bg-booting-soft font-medium text-booting' : 'text-ink-muted',
          )}
        >
          {at < now && <Check aria-hidden className="size-3 text-good" />}
          {step}
        </li>
      ))}
    </ol>
  );
};

/** What the instance prints while it comes up, for those who may read it. */
function SetupLogs({ prediction }: { prediction: string }) {
  const { data: timeline } = useQuery({
    queryKey: ['timeline', prediction],
    queryFn: () => api.predictions.timeline(prediction),
    refetchInterval: ({ state }) => (state.data?.instance ? false : LOGS_EVERY_MS),
  });
  const instance = timeline?.instance?.id;
  const { data: logs } = useQuery({
    queryKey: ['instance-logs', instance],
    queryFn: () => api.instanceLogs(instance ?? ''),
    enabled: instance !== undefined,
    refetchInterval: LOGS_EVERY_MS,
    // Who only runs the model may not read them, and before the container is there, there are none.
    retry: false,
  });
  return <Logs title="Setup log" text={logs ?? ''} open />;
}
