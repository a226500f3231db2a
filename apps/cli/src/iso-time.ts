/** A time as the API takes it: a date alone is midnight UTC. */
export const isoTime = (text: string): string => (/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text);
