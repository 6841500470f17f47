import { spawnSync } from 'node:child_process'
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PACKAGES } from '../support/describe-with.ts'
import { makeTempFolder, removeTempFolders } from '../support/temp-folder.ts'

describe('.ci/run', () => {
  test.each(Object.keys(PACKAGES))('installs %s, which tests talk to', async (name) => {
    const script = await readFile('.ci/run', 'utf8')
    const packages = /packages=\(([\s\S]*?)\n\)/.exec(script)?.[1]?.replaceAll(/#.*/g, '').split(/\s+/)
    expect(packages).toContain(name)
  })

  describe('on a machine that lacks strace and of gsoap has only what its removal left', () => {
    /** Stands in for what the script calls: each writes down how it was called. */
    const STAND_INS = {
      'dpkg-query': 'case "$3" in strace) exit 1;; gsoap) echo config-files;; *) printf installed;; esac',
      'apt-get': 'echo "apt-get $* ($DEBIAN_FRONTEND)" >>calls; exit "$APT_ENDS"',
      npm: 'echo "npm $* (CI=$CI)" >>calls',
      id: 'echo "$USER_ID"',
    }
    const INSTALLED = [
      'apt-get update -qq (noninteractive)',
      'apt-get install -qq -y --no-install-recommends gsoap strace (noninteractive)',
    ]
    afterEach(removeTempFolders)

    /** Runs the script in a folder of its own and tells how it ended and what it called, but for the questions that change nothing. */
    async function runScript(env: Readonly<Record<string, string>> = {}) {
      const folder = await makeTempFolder()
      await mkdir(join(folder, '.ci'))
      await mkdir(join(folder, 'bin'))
      await copyFile('.ci/run', join(folder, '.ci/run'))
      await writeFile(join(folder, 'calls'), '')
      for (const [name, does] of Object.entries(STAND_INS))
        await writeFile(join(folder, 'bin', name), `#!/bin/sh\n${does}\n`, { mode: 0o755 })
      const PATH = `${join(folder, 'bin')}:${process.env.PATH}`
      const { status, stderr } = spawnSync(join(folder, '.ci/run'), {
        env: { PATH, USER_ID: '0', APT_ENDS: '0', ...env },
        encoding: 'utf8',
      })
      const calls = (await readFile(join(folder, 'calls'), 'utf8')).split('\n').slice(0, -1)
      return { status, stderr, calls }
    }

    test('root gets just these, and then everything is checked, with nothing skipped', async () => {
      const checks = ['npm run check -- lint types unused (CI=true)', 'npm test (CI=true)']
      expect(await runScript()).toEqual({ status: 0, stderr: '', calls: [...INSTALLED, ...checks] })
    })

    test('somebody else is told which they are, and nothing is run', async () => {
      const { status, stderr, calls } = await runScript({ USER_ID: '1000' })
      expect({ status, calls }).toEqual({ status: 1, calls: [] })
      expect(stderr).toContain('apt-get install gsoap strace\n')
    })

    test('an installation that fails ends it', async () => {
      const { status, calls } = await runScript({ APT_ENDS: '100' })
      expect({ status, calls }).toEqual({ status: 100, calls: INSTALLED.slice(0, 1) })
    })
  })
})
