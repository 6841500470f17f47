import { spawnSync } from 'node:child_process'

/** Debian's packages are for Debian's Python; another one on the path has none of them. */
const PYTHON = '/usr/bin/python3'

/** Other people's programs that tests talk to, by Debian package, and how one finds out whether it is there. `.ci/run` installs them all. */
export const PACKAGES = {
  chromium: ['chromium', '--version'],
  curl: ['curl', '--version'],
  'default-jdk-headless': ['javac', '-version'],
  'docker-compose': ['docker-compose', 'version'],
  gcc: ['gcc', '--version'],
  gsoap: ['soapcpp2', '-V'],
  haproxy: ['/usr/sbin/haproxy', '-v'],
  'libcjson-dev': ['test', '-e', '/usr/include/cjson/cJSON.h'],
  'libgoogle-gson-java': ['test', '-e', '/usr/share/java/gson.jar'],
  'libgsoap-dev': ['test', '-e', '/usr/include/stdsoap2.h'],
  'libjaxws-java': ['test', '-e', '/usr/share/java/jaxws-tools.jar'],
  'libnginx-mod-stream': ['test', '-e', '/usr/lib/nginx/modules/ngx_stream_module.so'],
  'libsoap-lite-perl': ['/usr/bin/perl', '-MSOAP::Lite', '-e', '1'],
  'mono-devel': ['wsdl', '-nologo'],
  'nginx-light': ['/usr/sbin/nginx', '-v'],
  openssl: ['openssl', 'version'],
  'php-soap': ['/usr/bin/php', '-r', 'exit(class_exists("SoapClient") ? 0 : 1);'],
  python3: ['python3', '--version'],
  'python3-spyne': [PYTHON, '-c', 'import spyne'],
  'python3-suds': [PYTHON, '-c', 'import suds'],
  'python3-zeep': [PYTHON, '-c', 'import zeep'],
  strace: ['strace', '-V'],
  'util-linux': ['prlimit', '--version'],
} as const satisfies Record<string, readonly [string, ...string[]]>

/**
 * `describe` for tests that need these packages. Where one is missing they are skipped, so that `npm test` is good
 * on any machine; with CI set nothing is skipped, and they fail.
 */
export function describeWith(...packages: readonly (keyof typeof PACKAGES)[]): jest.Describe {
  return process.env.CI || packages.every(installed) ? describe : describe.skip
}

/** `test`, for one that needs these packages, in the same way. */
export function testWith(...packages: readonly (keyof typeof PACKAGES)[]): jest.It {
  return process.env.CI || packages.every(installed) ? test : test.skip
}

function installed(name: keyof typeof PACKAGES): boolean {
  const [command, ...args] = PACKAGES[name]
  return spawnSync(command, args).status === 0
}
