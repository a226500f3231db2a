import { Radio, Unplug } from 'lucide-react';
import { useBoard } from '../../api/board.ts';
import { Badge } from '../../ui/badge.tsx';

/** Whether what is shown is live. */
export function LineBadge() {
  const line = useBoard((board) => board.line);
  if (line === 'lost')
    return (
      <Badge tone="caution" icon={<Unplug aria-hidden />} title="What is shown may be old; connecting anew">
        connecting anew
      </Badge>
    );
  return (
    <Badge tone={line === 'live' ? 'good' : 'neutral'} icon={<Radio aria-hidden />}>
      {line === 'live' ? 'live' : 'connecting'}
    </Badge>
  );
}
