import type { BoardInstance } from '@hearth/contract';
import { useMutation } from '@tanstack/react-query';
import { EllipsisVertical, LogOut, OctagonX, ScrollText } from 'lucide-react';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import { useNeeds } from '../../api/session.ts';
import { IconButton } from '../../ui/button.tsx';
import { Confirm } from '../../ui/dialog.tsx';
import { Menu } from '../../ui/menu.tsx';
import { toastDone } from '../../ui/toast.tsx';
import { shortId } from './instance-words.ts';
import { LogsDialog } from './logs-dialog.tsx';

type Ask = 'drain' | 'stop';

const WORDS: Record<Ask, { verb: string; done: string; text: string }> = {
  drain: {
    verb: 'Drain',
    done: 'is draining',
    text: 'It takes nothing new, finishes what it holds, and goes. Where it is needed, another one boots.',
  },
  stop: {
    verb: 'Stop now',
    done: 'is being stopped',
    text: 'It goes at once. What it holds waits again and runs elsewhere, unbilled; it counts as a lost attempt, of which a prediction has three.',
  },
};

/** What can be done with one instance. Its dialogs are there once they were asked for. */
export function InstanceActions({ instance }: { instance: BoardInstance }) {
  const { id, state } = instance;
  const [shown, setShown] = useState<'logs' | Ask | null>(null);
  const name = shortId(id);
  const mayAsk = !useNeeds('deploy').disabled;
  return (
    <>
      <Menu
        label={`Instance ${name}`}
        items={[
          { name: 'Logs', icon: <ScrollText aria-hidden />, onSelect: () => setShown('logs') },
          {
            name: 'Drain',
            icon: <LogOut aria-hidden />,
            disabled: !mayAsk || state === 'draining' || state === 'stopping',
            onSelect: () => setShown('drain'),
          },
          {
            name: 'Stop now',
            icon: <OctagonX aria-hidden />,
            danger: true,
            disabled: !mayAsk || state === 'stopping',
            onSelect: () => setShown('stop'),
          },
        ]}
        trigger={(button) => (
          <IconButton {...button} label={`What to do with ${name}`} size="sm">
            <EllipsisVertical aria-hidden />
          </IconButton>
        )}
      />
      {shown === 'logs' && <LogsDialog instance={instance} onClose={() => setShown(null)} />}
      {(shown === 'drain' || shown === 'stop') && (
        <AskDialog instance={instance} ask={shown} onClose={() => setShown(null)} />
      )}
    </>
  );
}

function AskDialog({ instance, ask, onClose }: { instance: BoardInstance; ask: Ask; onClose: () => void }) {
  const { verb, done, text } = WORDS[ask];
  const asking = useMutation({
    mutationFn: () => (ask === 'drain' ? api.drainInstance(instance.id) : api.stopInstance(instance.id)),
    onSuccess: () => {
      toastDone(`Instance ${shortId(instance.id)} ${done}`);
      onClose();
    },
  });
  return (
    <Confirm
      open
      onClose={onClose}
      title={`${verb}: instance ${shortId(instance.id)}`}
      verb={verb}
      danger={ask === 'stop'}
      busy={asking.isPending}
      error={asking.error}
      onConfirm={() => asking.mutate()}
    >
      <p>
        {instance.deployment} on {instance.host}. {text}
      </p>
    </Confirm>
  );
}
