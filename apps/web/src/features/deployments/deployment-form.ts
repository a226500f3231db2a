import type { BoardDeployment, DeploymentBody, DeploymentPatch } from '@hearth/contract';

/** How long an idle instance stays: as the installation says, a time, or by a rule. */
export const KEEP_RULES = {
  usual: 'As long as is usual here',
  time: 'For a time',
  'until-needed': 'Until its room is needed',
  auto: 'As long as past use makes it worth',
} as const;
export type KeepRule = keyof typeof KEEP_RULES;

/** How a deployment scales, and what it runs, as a person edits it: text, until it is sent. */
export interface ReleaseText {
  /** An id. */
  readonly version: string;
  /** A SKU. */
  readonly hardware: string;
  readonly min: string;
  readonly max: string;
  readonly keepRule: KeepRule;
  /** Seconds or a duration such as `5m`; only where the rule is a time. */
  readonly keepTime: string;
}

export interface DeploymentText extends ReleaseText {
  readonly name: string;
  /** `owner/name`; empty: none was chosen. */
  readonly model: string;
}

export const NEW_DEPLOYMENT: DeploymentText = {
  name: '',
  model: '',
  version: '',
  hardware: '',
  min: '0',
  max: '1',
  keepRule: 'usual',
  keepTime: '',
};

type Current = Pick<BoardDeployment, 'version' | 'hardware' | 'min_instances' | 'max_instances' | 'keep_alive'>;

export const textOfRelease = (row: Current): ReleaseText => ({
  version: row.version,
  hardware: row.hardware,
  min: String(row.min_instances),
  max: String(row.max_instances),
  ...(typeof row.keep_alive === 'number'
    ? { keepRule: 'time', keepTime: String(row.keep_alive) }
    : { keepRule: row.keep_alive, keepTime: '' }),
});

/** What is sent. What it may be is for the API to say. */
export const deploymentOfText = (form: DeploymentText): DeploymentBody => ({
  name: form.name.trim(),
  model: form.model,
  version: form.version,
  hardware: form.hardware,
  min_instances: Number(form.min),
  max_instances: Number(form.max),
  keep_alive: keepAliveOfText(form),
});

/** Only what somebody changed, so that two people do not undo each other's changes. */
export function changesOf(row: Current, form: ReleaseText): DeploymentPatch {
  const keepAlive = keepAliveOfText(form);
  return {
    ...(form.version !== row.version && { version: form.version }),
    ...(form.hardware !== row.hardware && { hardware: form.hardware }),
    ...(Number(form.min) !== row.min_instances && { min_instances: Number(form.min) }),
    ...(Number(form.max) !== row.max_instances && { max_instances: Number(form.max) }),
    ...(keepAlive !== null && keepAlive !== row.keep_alive && { keep_alive: keepAlive }),
  };
}

/** A number of seconds is sent as one: the API takes text for a rule or a duration. Null: what is usual. */
function keepAliveOfText({ keepRule, keepTime }: ReleaseText): number | string | null {
  if (keepRule === 'usual') return null;
  if (keepRule !== 'time') return keepRule;
  const time = keepTime.trim();
  return /^\d+$/.test(time) ? Number(time) : time;
}
