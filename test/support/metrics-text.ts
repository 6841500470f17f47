/** Metrics as a scrape reads them: the value of each series, by its name and labels as they are written. */
export type Series = ReadonlyMap<string, number>

/** Reads Prometheus' text format. Throws where a line is none of it. */
export function parseMetrics(text: string): Series {
  const series = new Map<string, number>()
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# ')) continue
    const [, name = '', value = ''] =
      /^([a-z_]+(?:\{[a-z_]+="[^"]*"(?:,[a-z_]+="[^"]*")*\})?) (\S+)$/.exec(line) ?? []
    if (name === '' || series.has(name))
      throw new Error(`not a line of metrics, or its series again: ${line}`)
    series.set(name, Number(value))
  }
  return series
}

/** Scrapes a server. */
export async function scrape(soapPort: number): Promise<Series> {
  const answer = await fetch(`http://127.0.0.1:${soapPort}/metrics`, { headers: { connection: 'close' } })
  if (answer.status !== 200) throw new Error(`/metrics answers ${answer.status}`)
  return parseMetrics(await answer.text())
}
