import { createHash } from 'node:crypto'
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { ROOT, runSync, TSC } from './children.mjs'

const OLDEST_NODE = [20, 19]

/** What the tools remember between runs; git ignores it. */
const OWN = join(ROOT, '.dms')
const LOCK = join(OWN, 'prepare.lock')
const BUILT = join(OWN, 'built')

const say = (line) => process.stderr.write(`${line}\n`)

/**
 * Installs and builds what is missing or out of date, saying so on standard error. Ends the process, with one
 * line that says what to do, when that does not work. Two at a time do not disturb each other: one works, the
 * other waits and finds everything done.
 */
export function prepare({ build = true } = {}) {
  refuseOldNode()
  const ready = () => installed() && (!build || built())
  if (ready()) return
  mkdirSync(OWN, { recursive: true })
  locked(ready, () => {
    if (!installed()) install()
    if (build && !built()) compile()
  })
}

function refuseOldNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return
  fail(
    `This needs Node ${OLDEST_NODE.join('.')} or newer, and runs on ${process.versions.node}: see https://nodejs.org`,
  )
}

/** True when npm's own record of what it installed agrees with package-lock.json. npm writes that record last, so half an install is none. */
function installed() {
  const record = join(ROOT, 'node_modules/.package-lock.json')
  if (!existsSync(record)) return false
  const there = JSON.parse(readFileSync(record, 'utf8')).packages
  const wanted = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages
  return Object.entries(wanted).every(([path, { version, optional, devOptional }]) => {
    if (path === '') return true
    return path in there ? there[path].version === version : optional === true || devOptional === true
  })
}

function install() {
  say('Installing dependencies (npm ci) …')
  const npm = process.env.npm_execpath
  const args = ['ci', '--include=dev', '--prefer-offline', '--no-fund', '--no-audit', '--loglevel=error']
  const status =
    npm && basename(npm) === 'npm-cli.js' ? runSync(process.execPath, [npm, ...args]) : runSync('npm', args)
  if (status === 0) return
  fail(
    'npm ci failed (its own words are above). It needs the npm registry, or a cache that holds everything: check the network, or `npm config get registry`, and try again.',
  )
}

/** True when dist/ is what the compiler made of these very sources. Contents count, not times: git and copies change those. */
function built() {
  return (
    existsSync(join(ROOT, 'dist/main.js')) && existsSync(BUILT) && readFileSync(BUILT, 'utf8') === sources()
  )
}

function sources() {
  const hash = createHash('sha256')
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
  for (const file of ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'].map((name) =>
    join(ROOT, name),
  )) {
    files.push(file)
  }
  for (const file of files)
    hash
      .update(`${file.slice(ROOT.length)}\0`)
      .update(readFileSync(file))
      .update('\0')
  return hash.digest('hex')
}

/** Compiles into a new folder and then changes places, so that nobody ever sees half a build and a removed source leaves nothing behind. */
function compile() {
  say('Building (tsc) …')
  const of = sources()
  const next = join(OWN, 'dist.next')
  const old = join(OWN, 'dist.old')
  rmSync(next, { recursive: true, force: true })
  const status = runSync(process.execPath, [TSC, '-p', 'tsconfig.build.json', '--outDir', next])
  if (status !== 0) fail('The build failed: the compiler says above where.')
  rmSync(BUILT, { force: true })
  rmSync(old, { recursive: true, force: true })
  if (existsSync(join(ROOT, 'dist'))) renameSync(join(ROOT, 'dist'), old)
  renameSync(next, join(ROOT, 'dist'))
  rmSync(old, { recursive: true, force: true })
  writeFileSync(BUILT, of)
}

/** Does `work` while holding the lock, unless another process makes everything `ready` first. */
function locked(ready, work) {
  const mine = join(OWN, `prepare.${process.pid}`)
  writeFileSync(mine, String(process.pid))
  try {
    let said = false
    // A link is there whole or not at all, so the lock always names its holder.
    while (!linked(mine)) {
      const holder = Number(contents(LOCK))
      if (holder > 0 && !alive(holder)) removeLockOf(holder)
      else {
        if (!said)
          say(
            `Waiting for process ${holder}, which is installing or building (if it is not: remove ${LOCK}) …`,
          )
        said = true
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
      }
    }
    const release = () => rmSync(LOCK, { force: true })
    process.once('exit', release)
    if (!ready()) work()
    release()
    process.off('exit', release)
  } finally {
    rmSync(mine, { force: true })
  }
}

function linked(mine) {
  try {
    linkSync(mine, LOCK)
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

/** Takes away the lock of a process that died. Somebody may have done so just before, and hold it now: then it goes back. */
function removeLockOf(dead) {
  const taken = join(OWN, `prepare.${process.pid}.stale`)
  try {
    renameSync(LOCK, taken)
  } catch {
    return
  }
  if (Number(contents(taken)) !== dead) linked(taken)
  rmSync(taken, { force: true })
}

function contents(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function alive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

function fail(line) {
  say(line)
  process.exit(1)
}
