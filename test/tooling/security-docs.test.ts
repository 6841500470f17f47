import { existsSync, readFileSync } from 'node:fs'

test('docs/security.md names tests that exist, one at least for each attack', () => {
  let folder = ''
  let attacks = 0
  for (const line of readFileSync('docs/security.md', 'utf8').split('\n')) {
    const [, told] = /^\| what is tried .*`(test\/[^`]*)` \|$/.exec(line) ?? []
    if (told !== undefined) folder = told
    else if (line.startsWith('| ')) {
      const named = (line.split('|')[3] ?? '').match(/[\w/-]+\.test\.ts/g) ?? []
      expect([line, named.length > 0]).toEqual([line, true])
      for (const file of named) expect([file, existsSync(`${folder}${file}`)]).toEqual([file, true])
      attacks++
    }
  }
  expect(attacks).toBeGreaterThan(40)
})
