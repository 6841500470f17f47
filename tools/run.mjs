/**
 * `npm start`, `npm test`, `npm run check`, `npm run bench` and `npm run build`: each works as the first
 * command after a clone. Plain Node without dependencies; only what is missing or out of date is installed
 * and built, so the second time costs nothing one would notice.
 */
import { bench } from './bench.mjs'
import { check } from './check.mjs'
import { BIOME, jest, runNode } from './children.mjs'
import { prepare } from './prepare.mjs'

/** What each task does with the arguments that it was given; a number is the exit code. */
const TASKS = {
  async start(args) {
    process.argv = [process.argv[0], 'dms', 'server', ...args]
    await import('../bin/dms.mjs')
  },
  async test(args) {
    prepare()
    return await jest(args)
  },
  async check(args) {
    prepare({ build: false })
    return await check(args)
  },
  async bench(args) {
    prepare()
    return await bench(args)
  },
  async build() {
    prepare()
  },
  async format(args) {
    prepare({ build: false })
    return await runNode([BIOME, 'check', '--write', ...(args.length > 0 ? args : ['.'])])
  },
}

const [task, ...args] = process.argv.slice(2)
if (!Object.hasOwn(TASKS, task ?? '')) {
  console.error(`run.mjs: say one of ${Object.keys(TASKS).join(', ')}`)
  process.exit(2)
}
const ended = await TASKS[task](args)
if (ended !== undefined) process.exitCode = ended
