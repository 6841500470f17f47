import type { Histogram, MetricObjectWithValues, MetricValueWithName, Registry } from 'prom-client'

/** A histogram's name (by Prometheus' conventions it ends in the unit), what it means, and its upper bounds, ascending. */
export interface WeightedHistogramOptions {
  readonly name: string
  readonly help: string
  readonly bounds: readonly number[]
}

/**
 * A histogram for the hot path: one observation stands for many (a batch), and costs a few nanoseconds, since it only
 * counts into an array. It becomes Prometheus' buckets when somebody asks.
 */
export class WeightedHistogram {
  readonly name: string
  readonly help: string
  readonly type = 'histogram'
  readonly aggregator = 'sum'
  readonly #bounds: readonly number[]
  /** Observations by the first bound that they do not exceed; the last place is for those beyond all. */
  readonly #counts: Float64Array
  #sum = 0

  constructor({ name, help, bounds }: WeightedHistogramOptions) {
    this.name = name
    this.help = help
    this.#bounds = bounds
    this.#counts = new Float64Array(bounds.length + 1)
  }

  /** The same value, `count` times. */
  observe(value: number, count = 1): void {
    const bounds = this.#bounds
    let place = 0
    while (place < bounds.length && value > (bounds[place] as number)) place++
    this.#counts[place] = (this.#counts[place] as number) + count
    this.#sum += value * count
  }

  /** Makes it part of what the registry shows. */
  register(registry: Registry): this {
    // A registry asks its metrics for their names and `get()`, and nothing else; the type knows prom-client's own classes only.
    registry.registerMetric(this as unknown as Histogram)
    return this
  }

  /** What the registry asks for. */
  async get(): Promise<Omit<MetricObjectWithValues<MetricValueWithName<string>>, 'type' | 'collect'>> {
    const { name, help, type, aggregator } = this
    const description = { name, help, type, aggregator } as const
    return { ...description, values: this.samples({}) }
  }

  /** What it has counted, each sample with these labels. */
  samples(labels: Readonly<Record<string, string>>): MetricValueWithName<string>[] {
    let count = 0
    const buckets = [...this.#bounds, '+Inf'].map((le, place) => {
      count += this.#counts[place] as number
      return { metricName: `${this.name}_bucket`, labels: { ...labels, le }, value: count }
    })
    return [
      ...buckets,
      { metricName: `${this.name}_sum`, labels, value: this.#sum },
      { metricName: `${this.name}_count`, labels, value: count },
    ]
  }
}
