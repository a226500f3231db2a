/** One cold prediction's way, in epoch milliseconds: what the platform noted of it, its caller, and the model's server. */
export interface Moments {
  /** The caller: before the request. */
  readonly asked: number;
  readonly accepted: number;
  readonly placed: number;
  readonly creating: number;
  readonly starting: number;
  readonly started: number;
  /** The model's server: its setup is over. */
  readonly serverReady: number;
  readonly ready: number;
  /** The model's server: the prediction is here. */
  readonly reached: number;
  readonly ended: number;
  /** The caller: the answer is here. */
  readonly answered: number;
}

/** From each moment to the next, so that nothing is left out. */
export const PHASES = [
  ['asked → accepted', 'asked', 'accepted'],
  ['accepted → placed', 'accepted', 'placed'],
  ['placed → creating', 'placed', 'creating'],
  ['creating → starting', 'creating', 'starting'],
  ['starting → started', 'starting', 'started'],
  ['started → server ready', 'started', 'serverReady'],
  ['server ready → noticed', 'serverReady', 'ready'],
  ['noticed → reached', 'ready', 'reached'],
  ['reached → ended', 'reached', 'ended'],
  ['ended → answered', 'ended', 'answered'],
] as const satisfies readonly (readonly [string, keyof Moments, keyof Moments])[];

export const phasesOf = (moments: Moments): Record<string, number> =>
  Object.fromEntries(PHASES.map(([name, from, to]) => [name, moments[to] - moments[from]]));

/** What is neither the engine's container nor the model's server: until the start returned, and from up to reached. */
export const platformPartMs = ({ accepted, started, serverReady, reached }: Moments): number =>
  started - accepted + (reached - serverReady);

/** What of that the engine took to create and start the container. */
export const enginePartMs = ({ creating, started }: Moments): number => started - creating;

/** What of that is Hearth's own. */
export const ownPartMs = (moments: Moments): number => platformPartMs(moments) - enginePartMs(moments);

/** What a prediction and its instance say of themselves, on the wire, and what their caller saw. */
export interface Told {
  readonly asked: number;
  readonly answered: number;
  readonly prediction: { readonly created_at: string; readonly completed_at: string; readonly output: string };
  readonly instance: { readonly phases: Readonly<Record<string, string>> };
}

/** @throws Error where a phase was not noted */
export function momentsOf({ asked, answered, prediction, instance }: Told): Moments {
  const phase = (name: string): number => {
    const at = instance.phases[name];
    if (at === undefined) throw new Error(`the instance notes no phase "${name}"`);
    return Date.parse(at);
  };
  const [serverReady = Number.NaN, reached = Number.NaN] = prediction.output.split(' ').map(Number);
  return {
    asked,
    accepted: Date.parse(prediction.created_at),
    placed: phase('place'),
    creating: phase('create'),
    starting: phase('start'),
    started: phase('setup'),
    serverReady,
    ready: phase('ready'),
    reached,
    ended: Date.parse(prediction.completed_at),
    answered,
  };
}
