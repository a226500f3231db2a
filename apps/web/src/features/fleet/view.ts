const VIEWS = ['now', 'timeline'] as const;
export type FleetView = (typeof VIEWS)[number];

/** What the URL says of it; undefined: nothing that there is. */
export const viewIn = (value: unknown): FleetView | undefined => VIEWS.find((view) => view === value);
