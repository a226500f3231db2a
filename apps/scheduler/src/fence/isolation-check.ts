import type { HostCheck } from '@hearth/store';
import { z } from 'zod';
import type { Fence, FenceState } from './fence.ts';

/** Of what an engine says of itself: `name=seccomp,profile=default`, `name=userns`, `name=rootless`, … */
const Info = z.object({ SecurityOptions: z.array(z.string()).nullish() });

const SECCOMP_REMEDY =
  'Let the engine use its seccomp filter: install an engine and a kernel that have it, and take `"seccomp-profile": "unconfined"` out of its daemon.json.';

const OFF = 'Its containers reach each other, the host and what the host reaches (HEARTH_ISOLATION=off).';

/** For the operator, on the host's row. */
export function fenceNote(state: FenceState): string {
  if (state.kind === 'up') return 'They are fenced.';
  if (state.kind === 'unknown') return 'Their fence is being put up.';
  if (state.kind === 'off') return 'Nothing keeps them apart but the engine itself (HEARTH_ISOLATION=off).';
  return `They are not kept apart: ${state.why}.`;
}

/** What keeps the containers of an engine in, and what does not. Pure. `info`: what the engine says of itself. */
export function isolationCheck(fence: Pick<Fence, 'state' | 'refusal' | 'hasQuota'>, info: unknown): HostCheck {
  const { state, refusal, hasQuota } = fence;
  const options = (Info.parse(info).SecurityOptions ?? []).map((option) => /^name=([^,]+)/.exec(option)?.[1] ?? option);
  const seccomp = Info.parse(info).SecurityOptions?.find((option) => option.startsWith('name=seccomp'));
  const isFiltered = seccomp !== undefined && !seccomp.includes('unconfined');
  const name = 'isolation';
  if (state.kind === 'unknown')
    return { name, status: 'unchecked', detail: 'The fence of its containers is still being put up.', remedy: null };
  if (state.kind === 'off') return { name, status: 'warning', detail: OFF, remedy: 'Take HEARTH_ISOLATION=off away.' };
  if (state.kind === 'down')
    return {
      name,
      status: refusal === null ? 'warning' : 'failed',
      detail: refusal ?? `Its containers are not kept apart: ${state.why}.`,
      remedy: state.remedy,
    };
  if (!isFiltered)
    return { name, status: 'warning', detail: 'Its engine runs containers without seccomp.', remedy: SECCOMP_REMEDY };
  return { name, status: 'ok', detail: `${kept(state.tool)} ${users(options)} ${disk(hasQuota)}`, remedy: null };
}

const kept = (tool: string): string =>
  `Its containers are kept from each other, the host and private networks (${tool}).`;

function users(options: readonly string[]): string {
  if (options.includes('rootless')) return 'The engine is rootless.';
  if (options.includes('userns')) return 'Their root is not the root of the host.';
  return 'Their root is the root of the host without its capabilities (userns-remap is off).';
}

const disk = (hasQuota: boolean): string =>
  hasQuota
    ? 'What each may write is bounded.'
    : 'What each may write is not bounded: that takes overlay2 on xfs with pquota.';
