/** How the setup goes: settings, because a setup has no input. */
export interface FaultySettings {
  /** `hang` never ends, `crash` ends the process, `oom` fills the memory until the kernel ends it. */
  readonly setup: 'ok' | 'fail' | 'crash' | 'oom' | 'hang';
  readonly setupSeconds: number;
  readonly setupLogLines: number;
}

const SETUPS = ['ok', 'fail', 'crash', 'oom', 'hang'] as const;

function readAmount(env: NodeJS.ProcessEnv, key: string): number {
  const value = Number(env[key] ?? '0');
  if (Number.isFinite(value) && value >= 0) return value;
  throw new Error(`${key} is '${env[key]}'; it must be a number from 0`);
}

/** @throws Error naming the variable, its value and what is allowed. */
export function readFaultySettings(env: NodeJS.ProcessEnv): FaultySettings {
  const given = env.FAULTY_SETUP ?? 'ok';
  const setup = SETUPS.find((known) => known === given);
  if (setup === undefined) throw new Error(`FAULTY_SETUP is '${given}'; it must be one of ${SETUPS.join(', ')}`);
  return {
    setup,
    setupSeconds: readAmount(env, 'FAULTY_SETUP_SECONDS'),
    setupLogLines: readAmount(env, 'FAULTY_SETUP_LOG_LINES'),
  };
}
