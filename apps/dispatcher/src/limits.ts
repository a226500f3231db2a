import { zSize, zWholeNumber } from '@hearth/kit';

/**
 * Connections of one container. Far more than the reports and uploads of a host full of instances take, who may share an
 * address; far fewer than would use up the files that a process may open, without which nobody could report.
 */
const CONNECTIONS = 2_000;

/** How much may come of one prediction, and of one container. */
export interface Limits {
  /** Of one report: all output and logs so far, as JSON. Past it, a prediction fails. */
  readonly reportBytes: number;
  /** Of the logs that are kept and passed on. Past it, their middle is left out. */
  readonly logChars: number;
  readonly outputFileBytes: number;
  readonly outputFiles: number;
  /** Of one address at once, to where containers report. Past it, they are closed. */
  readonly connections: number;
}

export const limitsEnvironment = {
  HEARTH_MAX_REPORT: zSize().prefault('64MiB'),
  HEARTH_MAX_LOGS: zSize().prefault('4MiB'),
  HEARTH_MAX_OUTPUT_FILE: zSize().prefault('16GiB'),
  HEARTH_MAX_OUTPUT_FILES: zWholeNumber(1_000_000).prefault('1000'),
};

export const limitsOf = (env: Readonly<Record<keyof typeof limitsEnvironment, number>>): Limits => ({
  reportBytes: env.HEARTH_MAX_REPORT,
  logChars: env.HEARTH_MAX_LOGS,
  outputFileBytes: env.HEARTH_MAX_OUTPUT_FILE,
  outputFiles: env.HEARTH_MAX_OUTPUT_FILES,
  connections: CONNECTIONS,
});

/** Those of a dispatcher that is told none. */
export const LIMITS: Limits = {
  reportBytes: 64 * 2 ** 20,
  logChars: 4 * 2 ** 20,
  outputFileBytes: 16 * 2 ** 30,
  outputFiles: 1_000,
  connections: CONNECTIONS,
};
