import { existsSync, readFileSync } from 'node:fs'

test('docs/security.md names tests that exist, one at least for each attack', () => {
  const rows = readFileSync('docs/security.md', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| what is tried'))
  expect(rows.length).toBeGreaterThan(20)
  for (const row of rows) {
    const named = (row.split('|')[3] ?? '').match(/[\w/-]+\.test\.ts/g) ?? []
    expect([row, named.length > 0]).toEqual([row, true])
    for (const file of named) expect([file, existsSync(`test/soap/${file}`)]).toEqual([file, true])
  }
})
