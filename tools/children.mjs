import { spawn, spawnSync } from 'node:child_process'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'

/** The folder of the project: every child runs here. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** The tools of `node_modules`, as files that Node runs: no shell, no look-up. */
export const BIOME = 'node_modules/@biomejs/biome/bin/biome'
export const JEST = 'node_modules/jest/bin/jest.js'
export const KNIP = 'node_modules/knip/bin/knip.js'
export const TSC = 'node_modules/typescript/bin/tsc'

/** Runs Node with these arguments, its output ours, and resolves to its exit code. Signals reach it, as its exit code reaches us. */
export async function runNode(args) {
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: 'inherit' })
  // The terminal tells the child of a Ctrl-C itself; we only have to outlive it.
  const wait = () => {}
  const forward = (signal) => child.kill(signal)
  process.on('SIGINT', wait).on('SIGTERM', forward)
  return await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      process.off('SIGINT', wait).off('SIGTERM', forward)
      resolve(code ?? 128 + constants.signals[signal])
    })
  })
}

/** Runs a command to its end; what it prints goes to standard error, so that standard output stays the caller's. */
export function runSync(command, args, env = {}) {
  return spawnSync(command, args, {
    cwd: ROOT,
    stdio: ['ignore', 2, 2],
    env: { ...process.env, ...env },
  }).status
}

/** Runs Jest. ES modules in it still need a flag of Node's, which would warn in every worker. */
export function jest(args) {
  return runNode(['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', JEST, ...args])
}
