/**
 * Reliability R1, at length: kills the server under load again and again, and holds what everybody saw against what is promised.
 *
 *   npm run soak:kill [-- --kills 1000 --seed 1]
 */
import { parseArgs } from 'node:util'
import { killRun } from '../../test/crash/kill-run.ts'

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '1000' }, seed: { type: 'string', default: '1' } },
})
const started = performance.now()
const run = await killRun({
  kills: Number(values.kills),
  seed: Number(values.seed),
  progress: (kills) => {
    if (kills % 50 === 0) process.stderr.write(`${kills} kills\n`)
  },
})
const seconds = Math.round((performance.now() - started) / 1000)
process.stdout.write(`${JSON.stringify({ seed: values.seed, ...run, seconds })}\n`)
process.exitCode = run.findings.length + run.left + run.filesLeft === 0 ? 0 : 1
