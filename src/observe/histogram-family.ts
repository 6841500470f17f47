import type { Histogram, MetricObjectWithValues, MetricValueWithName, Registry } from 'prom-client'
import { WeightedHistogram, type WeightedHistogramOptions } from './weighted-histogram.ts'

/** A histogram's options, and the label that tells its members apart. */
export interface HistogramFamilyOptions extends WeightedHistogramOptions {
  readonly label: string
}

/** A histogram for each value of one label, made when it is first asked for. There must be few of them. */
export class HistogramFamily {
  readonly name: string
  readonly help: string
  readonly type = 'histogram'
  readonly aggregator = 'sum'
  readonly #options: HistogramFamilyOptions
  readonly #members = new Map<string, WeightedHistogram>()

  constructor(options: HistogramFamilyOptions) {
    this.name = options.name
    this.help = options.help
    this.#options = options
  }

  /** The member with this value of the label. */
  of(value: string): WeightedHistogram {
    const known = this.#members.get(value)
    if (known !== undefined) return known
    const member = new WeightedHistogram(this.#options)
    this.#members.set(value, member)
    return member
  }

  /** Makes it part of what the registry shows. */
  register(registry: Registry): this {
    // As in `WeightedHistogram.register`.
    registry.registerMetric(this as unknown as Histogram)
    return this
  }

  /** What the registry asks for. */
  async get(): Promise<Omit<MetricObjectWithValues<MetricValueWithName<string>>, 'type' | 'collect'>> {
    const { name, help, type, aggregator } = this
    const { label } = this.#options
    const values = [...this.#members].flatMap(([value, member]) => member.samples({ [label]: value }))
    const description = { name, help, type, aggregator } as const
    return { ...description, values }
  }
}
