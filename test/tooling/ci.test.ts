import { readFile } from 'node:fs/promises'
import { PACKAGES } from '../support/describe-with.ts'

describe('.ci/run', () => {
  test.each(Object.keys(PACKAGES))('installs %s, which tests talk to', async (name) => {
    const script = await readFile('.ci/run', 'utf8')
    const packages = /packages=\(([\s\S]*?)\n\)/.exec(script)?.[1]?.replaceAll(/#.*/g, '').split(/\s+/)
    expect(packages).toContain(name)
  })
})
