/**
 * Reliability R3, at length: each kind of write and sync of the store's files fails, once or for a while, at the n-th call.
 *
 *   npm run soak:disk [-- --calls 20]
 */
import { parseArgs } from 'node:util'
import { diskFaultRun } from '../../test/crash/disk-fault-run.ts'
import { removeTempFolders } from '../../test/support/temp-folder.ts'

const KINDS = ['writev', 'pwrite64', 'fdatasync', 'fsync']
const ERRORS = ['EIO', 'ENOSPC']

const { values } = parseArgs({ options: { calls: { type: 'string', default: '20' } } })
const outcomes = new Map<string, number>()
let bad = 0
for (const kind of KINDS) {
  for (let call = 1; call <= Number(values.calls); call++) {
    // Every other fault lasts for a while.
    const when = call % 2 === 0 ? `${call}..${call + 5}` : String(call)
    const inject = `${kind}:error=${ERRORS[call % ERRORS.length]}:when=${when}`
    const { outcome, ended, findings, left } = await diskFaultRun(inject, call, { checkpoints: call % 4 > 1 })
    const name = `${kind} ${outcome} ${ended?.signal ?? ended?.code ?? ''}`.trim()
    outcomes.set(name, (outcomes.get(name) ?? 0) + 1)
    if (findings.length + left > 0) bad++
    process.stderr.write(
      `${JSON.stringify({ inject, outcome, stderr: ended?.stderr, findings: findings.slice(0, 5), left })}\n`,
    )
    await removeTempFolders()
  }
}
process.stdout.write(`${JSON.stringify({ bad, ...Object.fromEntries(outcomes) })}\n`)
process.exitCode = bad === 0 ? 0 : 1
