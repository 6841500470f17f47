import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { createMetrics } from '../../src/observe/metrics.ts'
import { parseMetrics } from '../support/metrics-text.ts'

/** Words of PromQL that dashboard and rules use; anything else in an expression has to be a metric. */
const PROMQL = new Set(['sum', 'min', 'max', 'rate', 'histogram_quantile', 'by', 'or'])

/** The metrics and the labels that an expression names, roughly read. */
function namesIn(expression: string): { metrics: string[]; labels: string[] } {
  const labels = [...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/,\s*/))
  const bare = expression
    .replaceAll(/\bby \([^)]*\)/g, 'by ')
    .replaceAll(/\{[^}]*\}/g, '')
    .replaceAll(/\[[^\]]*\]/g, '')
  const words = bare.match(/[a-z_][a-z_0-9]*/gi) ?? []
  return { metrics: words.filter((word) => !PROMQL.has(word)), labels }
}

const EMPTY_STORE = {
  failure: () => undefined,
  survey: async () => ({ accounts: 0, items: 0, bytes: 0, largest: 0, oldest: undefined }),
}

describe('what is written about metrics', () => {
  let names: ReadonlySet<string>
  let labels: ReadonlySet<string>

  beforeAll(async () => {
    const metrics = createMetrics({ now: Date.now })
    metrics.observer.soapAnswered?.('remove', 'ok', 1)
    metrics.observer.soapFault?.('id', 'remove', 'why', 'Sender')
    const series = [...parseMetrics((await metrics.read(EMPTY_STORE)).text).keys()]
    metrics.close()
    names = new Set(series.map((name) => name.replace(/\{.*/, '')))
    labels = new Set(
      series.flatMap((name) => [...name.matchAll(/([a-z]+)="/g)].map(([, label = '']) => label)),
    )
  })

  function assertKnown(expression: string): void {
    const found = namesIn(expression)
    expect(found.metrics).not.toEqual([])
    expect(found.metrics.filter((name) => !names.has(name))).toEqual([])
    // Prometheus itself adds `instance`.
    expect(found.labels.filter((label) => label !== 'instance' && !labels.has(label))).toEqual([])
  }

  test('the dashboard asks for metrics and labels that there are, and leaves none out', async () => {
    const dashboard = JSON.parse(await readFile('docs/grafana/dms-dashboard.json', 'utf8'))
    const expressions: string[] = dashboard.panels.flatMap(({ targets }: { targets: { expr: string }[] }) =>
      targets.map(({ expr }) => expr),
    )
    expect(expressions.length).toBeGreaterThan(20)
    for (const expression of expressions) assertKnown(expression)
    const all = expressions.join('\n')
    const families = [...names].map((name) => name.replace(/_(bucket|sum|count)$/, ''))
    expect(families.filter((name) => !all.includes(name))).toEqual([])
  })

  test('its panels have different ids and do not lie on one another', async () => {
    const { panels } = JSON.parse(await readFile('docs/grafana/dms-dashboard.json', 'utf8'))
    expect(new Set(panels.map(({ id }: { id: number }) => id)).size).toBe(panels.length)
    const taken = new Set<string>()
    for (const { title, gridPos } of panels) {
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect([title, x < 24, taken.has(`${x},${y}`)]).toEqual([title, true, false])
          taken.add(`${x},${y}`)
        }
      }
    }
  })

  test('the four alert rules ask for metrics and labels that there are, and say what is the matter', async () => {
    const { groups } = parse(await readFile('docs/prometheus/dms-alerts.yml', 'utf8'))
    const rules = groups.flatMap((group: { rules: unknown[] }) => group.rules)
    expect(rules.map(({ alert }: { alert: string }) => alert)).toEqual([
      'DmsStoreFailing',
      'DmsDeliveryLag',
      'DmsEventLoopDelay',
      'DmsAuthenticationFailures',
    ])
    for (const rule of rules) {
      assertKnown(rule.expr)
      expect(rule).toMatchObject({
        for: expect.stringMatching(/^\d+[sm]$/),
        labels: { severity: expect.stringMatching(/^(critical|warning)$/) },
        annotations: { summary: expect.any(String), description: expect.any(String) },
      })
    }
  })

  test('docs/operations.md tells of every metric, and of none that there is not', async () => {
    const section =
      /\n## Metrics\n([\s\S]*?)(\n## |$)/.exec(await readFile('docs/operations.md', 'utf8'))?.[1] ?? ''
    const told = new Set(section.match(/\b(?:dms|process|nodejs)_[a-z_]+/g))
    const families = new Set([...names].map((name) => name.replace(/_(bucket|sum|count)$/, '')))
    expect(told).toEqual(families)
  })
})
