import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dms-no-skips-'))
})

afterAll(async () => await rm(folder, { recursive: true }))

/** Runs Jest with the reporter over one test file and tells its exit code and what it printed. */
async function jest(tests: string): Promise<{ code: number | null; printed: string }> {
  await writeFile(join(folder, 'some.test.js'), tests)
  const reporters = [resolve('tools/no-skips-reporter.mjs')]
  const config = JSON.stringify({ rootDir: folder, transform: {}, reporters })
  return await new Promise((ended) => {
    const child = execFile(
      process.execPath,
      [resolve('node_modules/jest/bin/jest.js'), '--config', config],
      (_error, stdout, stderr) => ended({ code: child.exitCode, printed: stdout + stderr }),
    )
  })
}

describe('with CI set', () => {
  test.each([
    ['skipped', "test.skip('is forgotten', () => {})"],
    ['left to do', "test.todo('is forgotten')"],
    ['shut out by .only', "test.only('runs', () => {})\ntest('is forgotten', () => {})"],
  ])('a test that is %s fails the run and is named', async (_how, tests) => {
    const { code, printed } = await jest(`test('is good', () => {})\n${tests}`)
    expect(code).toBe(1)
    expect(printed).toMatch(/no test may be skipped[^\n]*\n[\s\S]* is forgotten/)
  })

  test('a run in which every test ran is good', async () => {
    expect(await jest("test('is good', () => {})")).toEqual({ code: 0, printed: '' })
  })
})
