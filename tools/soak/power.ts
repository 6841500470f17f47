/**
 * Reliability R2, at length: records servers under load, cuts the power at random moments, and looks what a store makes of
 * what is left.
 *
 *   npm run soak:power [-- --images 1000 --seed 1]
 */
import { parseArgs } from 'node:util'
import { FILE_USERS, USERS } from '../../test/crash/participants.ts'
import { cutPower, record } from '../../test/crash/power-cut-run.ts'
import { removeTempFolders } from '../../test/support/temp-folder.ts'

/** Images of one recording; then another is made. */
const IMAGES_PER_RECORDING = 100
const RECORDED_EVENTS = 3000
/** Of those who send files, whose recordings are long. */
const RECORDED_FILE_EVENTS = 600

const { values } = parseArgs({
  options: { images: { type: 'string', default: '1000' }, seed: { type: 'string', default: '1' } },
})
const started = performance.now()
const found = { images: 0, notOpened: 0, withFindings: 0, withProblems: 0 }
for (let seed = Number(values.seed); found.images < Number(values.images); seed++) {
  const files = seed % 5 === 4
  const recording = await record(files ? RECORDED_FILE_EVENTS : RECORDED_EVENTS, seed, {
    users: files ? FILE_USERS : USERS,
    afterKill: seed % 2 === 0,
    checkpoints: seed % 4 > 1,
  })
  const images = Math.min(IMAGES_PER_RECORDING, Number(values.images) - found.images)
  for (const { error, findings, problems } of await cutPower(recording, { images, seed })) {
    found.images++
    if (error !== undefined) found.notOpened++
    if (findings.length > 0) found.withFindings++
    if (problems.length > 0) found.withProblems++
    if (error !== undefined || findings.length + problems.length > 0) {
      process.stderr.write(`${JSON.stringify({ seed, error, findings: findings.slice(0, 5), problems })}\n`)
    }
  }
  await removeTempFolders()
  process.stderr.write(`${found.images} images\n`)
}
const seconds = Math.round((performance.now() - started) / 1000)
process.stdout.write(`${JSON.stringify({ seed: values.seed, ...found, seconds })}\n`)
process.exitCode = found.notOpened + found.withFindings + found.withProblems === 0 ? 0 : 1
