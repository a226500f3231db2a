import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/**
 * The metrics of one process, each with the label `room`. Names carry the prefix `hearth_` and their unit
 * (`hearth_boot_seconds`); Prometheus wants base units, so seconds here and milliseconds everywhere else.
 */
export interface Metrics {
  counter<Label extends string>(name: string, help: string, labels?: readonly Label[]): Counter<Label>;
  /** `collect` runs at each scrape, for figures that are read rather than kept. */
  gauge<Label extends string>(
    name: string,
    help: string,
    labels?: readonly Label[],
    collect?: (gauge: Gauge<Label>) => void | Promise<void>,
  ): Gauge<Label>;
  histogram<Label extends string>(
    name: string,
    help: string,
    buckets: readonly number[],
    labels?: readonly Label[],
  ): Histogram<Label>;
  /** The exposition, to be served as `contentType`. */
  text(): Promise<string>;
  readonly contentType: string;
}

/** A registry of its own with the usual figures of a Node process in it. */
export function createMetrics(room: string): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ room });
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    counter: (name, help, labelNames = []) => new Counter({ name, help, labelNames, registers }),
    gauge: (name, help, labelNames = [], collect) => {
      if (!collect) return new Gauge({ name, help, labelNames, registers });
      return new Gauge({
        name,
        help,
        labelNames,
        registers,
        collect() {
          return collect(this);
        },
      });
    },
    histogram: (name, help, buckets, labelNames = []) =>
      new Histogram({ name, help, buckets: [...buckets], labelNames, registers }),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
