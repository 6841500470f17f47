import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { symlink, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { readContract } from '../../src/soap/contract.ts'
import { describeWith, type PACKAGES } from '../support/describe-with.ts'
import { type RestartableServer, startRestartableServer } from '../support/restartable-server.ts'
import { makeTempFolder, removeTempFolders } from '../support/temp-folder.ts'
import { interopFile, PYTHON } from './soap-peer.ts'

const run = promisify(execFile)

/** The short one, and the one with all the rest. */
const DOCUMENTS = ['docs/soap.md', 'docs/soap-clients.md'] as const
/** Where the documents say that the server is. */
const ADDRESS = 'http://localhost:8080'
const TEXT = DOCUMENTS.map((document) => readFileSync(document, 'utf8')).join('')
const PROGRAMS = [...TEXT.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language = '', code = '']) => ({
  language,
  code,
}))

/** A command that a document names in its text, by the program. */
function command(program: string): string {
  return new RegExp(`\`(${program} [^\`]*)\``).exec(TEXT)?.[1] ?? `no ${program}`
}

interface Language {
  readonly packages: readonly (keyof typeof PACKAGES)[]
  /** The program's name as a file. */
  readonly file: string
  /** What a shell runs before, where something is generated and compiled, with this server's address in it. */
  readonly build?: string
  /** What it runs then. */
  readonly run: string
}

const java = `. ${interopFile('clients/jaxws-classpath.sh')};`

/** How each language of the documents is run here. */
const LANGUAGES: Readonly<Record<string, Language>> = {
  python: { packages: ['python3-zeep'], file: 'hello.py', run: `${PYTHON} hello.py` },
  java: {
    packages: ['libjaxws-java', 'default-jdk-headless'],
    file: 'Hello.java',
    build: `${java} ${command('wsimport').replace('wsimport', 'java com.sun.tools.ws.WsImport -quiet')} >&2
      javac -nowarn Hello.java $(find dms -name '*.java')`,
    run: `${java} java Hello`,
  },
  csharp: {
    packages: ['mono-devel'],
    file: 'Hello.cs',
    build: `${command('wsdl')} >&2; mcs -r:System.Web.Services *.cs`,
    run: 'mono Hello.exe',
  },
  php: { packages: ['php-soap'], file: 'hello.php', run: '/usr/bin/php hello.php' },
  js: { packages: [], file: 'hello.mjs', run: `${process.execPath} hello.mjs` },
  perl: {
    packages: ['libsoap-lite-perl'],
    file: 'hello.pl',
    run: '/usr/bin/perl hello.pl',
  },
  c: {
    packages: ['gsoap', 'libgsoap-dev', 'gcc'],
    file: 'hello.c',
    build: `(${command('wsdl2h')}) >out 2>&1 || cat out
      ${command('gcc')}`,
    run: './a.out',
  },
  cs: {
    packages: ['mono-devel'],
    file: 'Hello.cs',
    build: 'mcs -r:System.ServiceModel -r:System.Runtime.Serialization Hello.cs',
    run: 'mono Hello.exe',
  },
  sh: { packages: ['curl'], file: 'hello.sh', run: 'sh hello.sh' },
}

describe('the documents for integrators', () => {
  test('tell of zeep, Java, .NET, PHP and SoapUI in two pages', () => {
    const lines = readFileSync(DOCUMENTS[0], 'utf8').split('\n')
    expect(lines.filter((line) => line.startsWith('## ')).join()).toMatch(/zeep.*Java.*\.NET.*PHP.*SoapUI/)
    expect(lines.length).toBeLessThanOrEqual(140)
  })

  test('name every operation and every fault of both contracts', async () => {
    for (const wsdl of ['text', 'messaging']) {
      const { operations } = await readContract({ wsdlPath: `wsdl/${wsdl}.wsdl` })
      for (const { name, faults } of operations)
        for (const word of [name, ...faults.keys()]) expect(TEXT).toContain(`\`${word}\``)
    }
  })

  test('have no program that is not run here', () => {
    const languages = PROGRAMS.map(({ language }) => language).filter((language) => language !== 'text')
    expect(languages).toEqual(Object.keys(LANGUAGES))
  })

  describe('their programs', () => {
    const printed = PROGRAMS.find(({ language }) => language === 'text')?.code
    let server: RestartableServer
    /** By language, the folder with the program in it and what its build printed: built while others run, since compilers take long. */
    const builds = new Map<string, Promise<{ readonly folder: string; readonly printed: string }>>()
    beforeAll(async () => {
      server = await startRestartableServer()
      for (const language of Object.keys(LANGUAGES)) {
        const built = build(language)
        built.catch(() => {}) // told to the language's own test, which is skipped where its compiler is missing
        builds.set(language, built)
      }
    })
    afterAll(async () => {
      await Promise.allSettled(builds.values())
      await server?.close()
      await removeTempFolders()
    })
    beforeEach(async () => {
      for (const user of ['ada', 'bob']) {
        await call(
          `<Register><userName>${user}</userName><password>secret of ${user}</password></Register>`,
          user,
        )
      }
    })
    afterEach(async () => {
      for (const user of ['ada', 'bob']) await call('<Unregister/>', user)
    })

    const address = () => `http://127.0.0.1:${server.soapPort}`

    async function call(operation: string, user: string): Promise<void> {
      const request = operation.replace(/^<\w+/, '$& xmlns="urn:dms:messaging:1"')
      const response = await fetch(`${address()}/messaging`, {
        method: 'POST',
        headers: { 'Content-Type': 'text/xml', Authorization: `Basic ${btoa(`${user}:secret of ${user}`)}` },
        body: `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>${request}</s:Body></s:Envelope>`,
      })
      expect([response.status, await response.text()]).toEqual([200, expect.anything()])
    }

    const here = (text: string) => text.replaceAll(ADDRESS, address())

    async function shell(command: string, folder: string): Promise<string> {
      return (await run('sh', ['-ec', here(command)], { cwd: folder })).stdout
    }

    async function build(language: string) {
      const { file, build: command = '' } = LANGUAGES[language] as Language
      const folder = await makeTempFolder()
      await symlink(resolve('node_modules'), join(folder, 'node_modules'))
      await writeFile(
        join(folder, file),
        here(PROGRAMS.find((program) => program.language === language)?.code ?? ''),
      )
      return { folder, printed: command === '' ? '' : await shell(command, folder) }
    }

    async function runProgram(language: string): Promise<string> {
      const { folder, printed } = (await builds.get(language)) as { folder: string; printed: string }
      return printed + (await shell((LANGUAGES[language] as Language).run, folder))
    }

    for (const [language, { packages }] of Object.entries(LANGUAGES).filter(([name]) => name !== 'sh')) {
      describeWith(...packages)(`in ${language}`, () => {
        test('sends, receives, acknowledges and meets a typed fault', async () => {
          expect(await runProgram(language)).toBe(printed)
        }, 120_000)
      })
    }

    describeWith('curl')('in sh', () => {
      test('sends by a request as it is on the wire', async () => {
        expect(await runProgram('sh')).toMatch(/<messageId>\d+<\/messageId>/)
      })
    })
  })
})
