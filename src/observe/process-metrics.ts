import { Counter, Gauge, type Registry } from 'prom-client'

/**
 * Processor, memory and start of this process, under the names that Prometheus' own clients use. prom-client's defaults
 * are not taken: they list every open socket on each scrape, and watch every collection of garbage.
 */
export function registerProcessMetrics(registry: Registry): void {
  const registers = [registry]
  let counted = 0
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'Processor time used, in user and system mode.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage()
      const used = (user + system) / 1e6
      this.inc(used - counted)
      counted = used
    },
  })
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Memory in use, as the system sees it.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss())
    },
  })
  new Gauge({
    name: 'nodejs_heap_size_used_bytes',
    help: "Memory in use in JavaScript's heap.",
    registers,
    collect() {
      this.set(process.memoryUsage().heapUsed)
    },
  })
  new Gauge({
    name: 'process_start_time_seconds',
    help: 'When the process started, in seconds since 1970.',
    registers,
  }).set(performance.timeOrigin / 1000)
}
