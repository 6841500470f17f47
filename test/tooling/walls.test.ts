import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** For each place: what it may import, and what the walls must refuse. Everything of the table in docs/architecture.md stands here. */
const WALLS: Readonly<Record<string, { may: readonly string[]; never: readonly string[] }>> = {
  'src/domain/x.ts': {
    may: ['./user-name.ts'],
    never: ['node:buffer', 'node:fs/promises', 'lmdb', '../wire/x.ts', './../wire/x.ts', '../config.ts'],
  },
  'src/wire/x.ts': {
    may: ['./legacy.ts', '../domain/x.ts', 'node:buffer'],
    never: ['node:net', '../service/x.ts', '../backend/memory/store.ts', '../transport/x.ts', 'saxes'],
  },
  'src/service/x.ts': {
    may: ['./deliver.ts', '../domain/x.ts', 'node:crypto'],
    never: [
      '../wire/x.ts',
      '../transport/x.ts',
      '../backend/memory/store.ts',
      '../soap/x.ts',
      '../observe/x.ts',
      'node:net',
      'node:fs',
      'node:fs/promises',
      'pino',
      'express',
    ],
  },
  'src/backend/x.ts': {
    may: ['./item-run.ts', '../domain/x.ts', 'node:zlib'],
    never: [
      './lmdb/store.ts',
      '../service/x.ts',
      '../wire/x.ts',
      '../transport/x.ts',
      'lmdb',
      '../config.ts',
    ],
  },
  'src/backend/memory/x.ts': {
    may: ['./store.ts', '../item-run.ts', '../../domain/x.ts'],
    never: ['../lmdb/store.ts', '../../service/x.ts', '../../wire/x.ts', '../../compose.ts', 'lmdb'],
  },
  'src/backend/lmdb/x.ts': {
    may: ['./store.ts', '../item-run.ts', '../../domain/x.ts', 'lmdb', 'node:fs/promises'],
    never: ['../memory/store.ts', '../../service/x.ts', '../../wire/x.ts', '../../transport/x.ts', 'pino'],
  },
  'src/transport/x.ts': {
    may: ['./listener.ts', '../domain/messaging.ts', '../wire/legacy.ts', 'node:net'],
    never: [
      '../service/x.ts',
      '../backend/memory/store.ts',
      '../soap/x.ts',
      '../config.ts',
      'express',
      'lmdb',
    ],
  },
  'src/soap/x.ts': {
    may: ['./scanner.ts', 'saxes', 'xml2js', 'node:zlib'],
    never: ['../domain/x.ts', '../wire/x.ts', '../service/x.ts', '../web/x.ts', 'express', 'soap'],
  },
  'src/port-types/x.ts': {
    may: ['./text.ts', '../soap/x.ts', '../domain/x.ts'],
    never: ['../transport/x.ts', '../backend/memory/store.ts', '../wire/x.ts', '../service/x.ts', 'express'],
  },
  'src/port-types/messaging/x.ts': {
    may: ['./caller.ts', '../../soap/x.ts', '../../domain/x.ts'],
    never: [
      '../text.ts',
      '../../transport/x.ts',
      '../../backend/memory/store.ts',
      '../../service/x.ts',
      'node:crypto',
    ],
  },
  'src/web/x.ts': {
    may: ['./app.ts', '../domain/messaging.ts', 'express', 'node:http'],
    never: [
      '../backend/memory/store.ts',
      '../transport/x.ts',
      '../wire/x.ts',
      '../service/x.ts',
      'lmdb',
      'prom-client',
    ],
  },
  'src/client/x.ts': {
    may: ['./client.ts', '../domain/x.ts', '../wire/legacy.ts', 'node:net', 'node:tls'],
    never: ['../service/x.ts', '../transport/x.ts', '../backend/memory/store.ts', '../cli/x.ts', 'soap'],
  },
  'src/cli/x.ts': {
    may: ['./shell.ts', '../client/client.ts', '../domain/x.ts', 'soap', 'commander', 'node:readline'],
    never: ['../service/x.ts', '../transport/x.ts', '../backend/memory/store.ts', '../soap/x.ts', 'express'],
  },
  'src/observe/x.ts': {
    may: ['./log.ts', '../domain/observer.ts', 'pino', 'prom-client'],
    never: ['../service/x.ts', '../transport/x.ts', '../backend/memory/store.ts', '../config.ts', 'express'],
  },
  'src/config.ts': {
    may: ['./domain/x.ts', './cli/client-options.ts', 'commander', 'node:os'],
    never: ['./compose.ts', './compose-core.ts', './main.ts', '../test/support/x.ts'],
  },
  'src/compose.ts': {
    may: ['./config.ts', './service/x.ts', './backend/lmdb/backend.ts', './transport/x.ts', './web/app.ts'],
    never: ['../test/support/x.ts', '../bench/run.ts', '../tools/run.mjs'],
  },
  'test/unit/x.test.ts': {
    may: ['../support/server.ts', '../../src/wire/legacy.ts', 'fast-check'],
    never: ['../../src/compose.ts', '../../src/compose-core.ts', '../../src/main.ts', '../../dist/main.js'],
  },
  'test/support/x.ts': { may: ['../../src/compose.ts'], never: [] },
}

const CASES = Object.entries(WALLS).flatMap(([place, { may, never }]) => [
  ...may.map((specifier) => ({ place, specifier, refused: false })),
  ...never.map((specifier) => ({ place, specifier, refused: true })),
])

/** For each place, the lines that noRestrictedImports complains about; each import stands on its own line. */
const complaints = new Map<string, Set<number>>()
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dms-walls-'))
  await copyFile('biome.json', join(folder, 'biome.json'))
  for (const [place, { may, never }] of Object.entries(WALLS)) {
    await mkdir(join(folder, dirname(place)), { recursive: true })
    await writeFile(join(folder, place), [...may, ...never].map((from) => `import '${from}'\n`).join(''))
  }
  const report = JSON.parse(await biome('lint', '--only=style/noRestrictedImports', '.'))
  for (const { category, location } of report.diagnostics) {
    if (category !== 'lint/style/noRestrictedImports') continue
    const lines = complaints.get(location.path) ?? new Set()
    complaints.set(location.path, lines.add(location.start.line))
  }
})

afterAll(async () => await rm(folder, { recursive: true }))

/** Biome's JSON report; it exits with 1 when it finds something, which is the point here. */
async function biome(command: string, ...args: readonly string[]): Promise<string> {
  const script = join(process.cwd(), 'node_modules/@biomejs/biome/bin/biome')
  const all = [script, command, '--vcs-enabled=false', '--reporter=json', '--max-diagnostics=none', ...args]
  return await new Promise((resolve) => {
    execFile(process.execPath, all, { cwd: folder }, (_error, stdout) => resolve(stdout))
  })
}

describe('the walls between folders', () => {
  test.each(CASES.filter(({ refused }) => refused))('refuse $specifier in $place', (row) => {
    expect(complaintAbout(row)).toBe(true)
  })

  test.each(CASES.filter(({ refused }) => !refused))('let $place import $specifier', (row) => {
    expect(complaintAbout(row)).toBe(false)
  })
})

function complaintAbout({ place, specifier }: { place: string; specifier: string }): boolean {
  const imports = [...(WALLS[place]?.may ?? []), ...(WALLS[place]?.never ?? [])]
  return complaints.get(place)?.has(imports.indexOf(specifier) + 1) ?? false
}

describe('import cycles', () => {
  test('are refused, also when only types go round', async () => {
    await mkdir(join(folder, 'src/client'), { recursive: true })
    await writeFile(
      join(folder, 'src/client/one.ts'),
      "import type { Two } from './two.ts'\nexport type One = Two\n",
    )
    await writeFile(
      join(folder, 'src/client/two.ts'),
      "import type { One } from './one.ts'\nexport type Two = One\n",
    )
    const report = JSON.parse(await biome('lint', '--only=suspicious/noImportCycles', 'src/client'))
    expect(report.diagnostics.map(({ category }: { category: string }) => category)).toContain(
      'lint/suspicious/noImportCycles',
    )
  })
})
