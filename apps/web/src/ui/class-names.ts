/** Class names in one string, without those that are not wanted. */
export const cx = (...names: (string | false | null | undefined)[]): string => names.filter(Boolean).join(' ');
