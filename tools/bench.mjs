import { existsSync, readdirSync } from 'node:fs'
import { join, parse } from 'node:path'
import { ROOT, runNode } from './children.mjs'

/** What the programs of bench/ share; not one of them. */
const SHARED = 'support.ts'

/**
 * `npm run bench` runs every program of bench/ in turn; `npm run bench soap -- --rounds 3` the one that is named,
 * with its arguments. One that is a folder (its program is run.ts) compares with other people's servers, and
 * runs only when it is named.
 */
export async function bench([name, ...args]) {
  const entries = readdirSync(join(ROOT, 'bench'))
  const files = entries.filter((file) => /\.(ts|mjs)$/.test(file) && file !== SHARED)
  const folders = entries
    .map((entry) => `${entry}/run.ts`)
    .filter((run) => existsSync(join(ROOT, 'bench', run)))
  const named = new Map([
    ...files.map((file) => [parse(file).name, file]),
    ...folders.map((run) => [parse(run).dir, run]),
  ])
  if (name !== undefined && !named.has(name)) {
    console.error(`bench: no "${name}"; there are ${[...named.keys()].join(', ')}`)
    return 2
  }
  for (const file of name === undefined ? files : [named.get(name)]) {
    console.error(`\n== bench/${file}`)
    const loader = file.endsWith('.ts') ? ['--import', './tools/typescript.mjs'] : []
    const code = await runNode([...loader, `bench/${file}`, ...args])
    if (code !== 0) return code
  }
  return 0
}
