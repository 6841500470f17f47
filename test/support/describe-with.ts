import { spawnSync } from 'node:child_process'

/** Other people's programs that tests talk to, by Debian package, and how one finds out whether it is there. `.ci/run` installs them all. */
export const PACKAGES = {
  'docker-compose': ['docker-compose', 'version'],
  'php-soap': ['php', '-r', 'exit(class_exists("SoapClient") ? 0 : 1);'],
  'python3-spyne': ['python3', '-c', 'import spyne'],
  'python3-suds': ['python3', '-c', 'import suds'],
  'python3-zeep': ['python3', '-c', 'import zeep'],
  strace: ['strace', '-V'],
} as const satisfies Record<string, readonly [string, ...string[]]>

/**
 * `describe` for tests that need these packages. Where one is missing they are skipped, so that `npm test` is good
 * on any machine; with CI set nothing is skipped, and they fail.
 */
export function describeWith(...packages: readonly (keyof typeof PACKAGES)[]): jest.Describe {
  return process.env.CI || packages.every(installed) ? describe : describe.skip
}

function installed(name: keyof typeof PACKAGES): boolean {
  const [command, ...args] = PACKAGES[name]
  return spawnSync(command, args).status === 0
}
