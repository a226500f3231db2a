/**
 * Which of Cog's servers this one plays: for those who test a platform against all of them. What they say is in
 * responses.ts; here is what they do.
 */
export const GENERATIONS = ['A', 'B', 'coglet'] as const;
/** A: Cog 0.7–0.13. B: 0.14–0.16. coglet: 0.17 and later. */
export type Generation = (typeof GENERATIONS)[number];

export interface Manners {
  /** The model receives the `context` of a request. */
  readonly passesContext: boolean;
  /** A body counts only where its content type is JSON; without one it is an empty input. */
  readonly asksContentType: boolean;
  /** Inputs must have the very types of the schema, and null is none; else they are coerced as pydantic 1 does. */
  readonly strictInput: boolean;
  /** A repeated PUT of a running prediction breaks where a slot is free (cog #2454). */
  readonly breaksOnRepeat: boolean;
  /** `GET /health-check` runs the model's own check. */
  readonly checksHealth: boolean;
  /** Stays up after a failed setup or a breakdown, whatever the flags say. */
  readonly outlivesFailure: boolean;
  /** Output is reported at once, each report on its own, so that one may overtake another; and `start` always. */
  readonly reportsFreely: boolean;
  /** Uploads name their prediction and are tried again; one that is refused fails the prediction. Else it is just missing. */
  readonly mindsUploads: boolean;
  /** Where no upload URL was given, an async prediction holds its files as data URLs; else as paths of its own disk. */
  readonly inlinesFiles: boolean;
  /** Sync predictions PUT their files below `output_file_prefix`. */
  readonly takesPrefix: boolean;
}

const B: Manners = {
  passesContext: true,
  asksContentType: false,
  strictInput: false,
  breaksOnRepeat: true,
  checksHealth: true,
  outlivesFailure: false,
  reportsFreely: false,
  mindsUploads: true,
  inlinesFiles: false,
  takesPrefix: true,
};

const MANNERS: Readonly<Record<Generation, Manners>> = {
  // Without concurrency there is no free slot to break on.
  A: { ...B, passesContext: false, breaksOnRepeat: false, checksHealth: false },
  B,
  coglet: {
    passesContext: true,
    asksContentType: true,
    strictInput: true,
    breaksOnRepeat: false,
    checksHealth: true,
    outlivesFailure: true,
    reportsFreely: true,
    mindsUploads: false,
    inlinesFiles: true,
    takesPrefix: false,
  },
};

/** @param generation null: none is played; the server speaks as B does, without what breaks. */
export const mannersOf = (generation: Generation | null): Manners =>
  generation === null ? { ...B, breaksOnRepeat: false } : MANNERS[generation];
