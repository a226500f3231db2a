/** Milliseconds since the Unix epoch. Core never reads a clock; callers pass `now`. */
export type Millis = number;
