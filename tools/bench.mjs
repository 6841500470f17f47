import { readdirSync } from 'node:fs'
import { join, parse } from 'node:path'
import { ROOT, runNode } from './children.mjs'

/** What the programs of bench/ share; not one of them. */
const SHARED = 'support.ts'

/** `npm run bench` runs every program of bench/ in turn; `npm run bench -- soap --rounds 3` runs the one that is named, with its arguments. */
export async function bench([name, ...args]) {
  const programs = readdirSync(join(ROOT, 'bench')).filter(
    (file) => /\.(ts|mjs)$/.test(file) && file !== SHARED,
  )
  const chosen = name === undefined ? programs : programs.filter((file) => parse(file).name === name)
  if (chosen.length === 0) {
    console.error(`bench: no "${name}"; there are ${programs.map((file) => parse(file).name).join(', ')}`)
    return 2
  }
  for (const file of chosen) {
    console.error(`\n== bench/${file}`)
    const loader = file.endsWith('.ts') ? ['--import', './tools/typescript.mjs'] : []
    const code = await runNode([...loader, `bench/${file}`, ...args])
    if (code !== 0) return code
  }
  return 0
}
