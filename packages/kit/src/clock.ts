/** Wall-clock time in Unix milliseconds; the one place a process reads it. */
export const systemNow = (): number => Date.now();
