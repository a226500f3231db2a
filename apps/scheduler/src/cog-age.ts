/** What to do about a server of Cog before 0.7 (April 2023): it answers only at the end, and says neither when it is ready nor how it is. */
export const TOO_OLD = 'Cog has it since 0.7; build the image anew with a later Cog.';

/** @param cogVersion as the image's label `run.cog.version` says it; anything but a version is not known to be old. */
export const isTooOld = (cogVersion: string): boolean => /^v?0\.[0-6]\./.test(cogVersion);
