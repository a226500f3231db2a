import { type Action, drain } from '@hearth/core';
import type { Observation } from '@hearth/store';

/** What operators ask of instances, as actions: before any plan, which then counts on what stays. Pure. */
export function askedActions(instances: Observation['instances']): readonly Action[] {
  return instances.flatMap((instance): Action[] => {
    const { ask, askedBy, state } = instance;
    if (ask === null || state === 'stopping') return [];
    const drains = [drain(instance, 'asked', `${askedBy} asked for it.`)];
    if (ask === 'drain') return state === 'draining' ? [] : drains;
    // A booting one holds nothing: its drain is its end.
    if (state === 'booting') return drains;
    const detail = `${askedBy} asked for it to stop at once.`;
    const ends: Action = { kind: 'stop', instanceId: instance.id, reason: 'asked', detail };
    return state === 'draining' ? [ends] : [...drains, ends];
  });
}
