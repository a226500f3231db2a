import type { FailureKind } from '@hearth/core';
import type { Exit } from './runtime/runtime.ts';

export interface ExitReason {
  readonly kind: Extract<FailureKind, 'oom' | 'crash' | 'setup_error' | 'lost'>;
  readonly message: string;
}

/**
 * Why an instance ended by itself. `killed`: SIGKILL from outside; a model does not send itself one.
 *
 * | | while booting | once ready |
 * |---|---|---|
 * | beyond its memory | oom | oom |
 * | killed, or nobody saw it end | lost | lost |
 * | by another signal | crash | crash |
 * | with an exit code | setup_error | crash |
 *
 * Code 0 is no success: Cog's server ends with 0 after its worker crashed.
 */
export function exitReason(exit: Exit, memoryMiB: number, booting: boolean): ExitReason {
  if (exit.outOfMemory) return { kind: 'oom', message: `It used more memory than its ${memoryMiB} MiB and was ended.` };
  if (exit.signal === 'SIGKILL') return { kind: 'lost', message: 'It was killed from outside.' };
  if (exit.signal !== null) return { kind: 'crash', message: `It was ended by ${exit.signal}.` };
  if (exit.exitCode === null) return { kind: 'lost', message: 'It is gone, and nobody saw it end.' };
  if (booting) {
    return { kind: 'setup_error', message: `Its server ended with exit code ${exit.exitCode} before it was ready.` };
  }
  return { kind: 'crash', message: `Its server ended by itself with exit code ${exit.exitCode}.` };
}
