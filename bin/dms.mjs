#!/usr/bin/env node
/**
 * The `dms` command. In a clone it first installs and builds what is missing, so that `npx dms client` works
 * at any time; the published package holds the build and no tools, and starts at once.
 */
import { existsSync } from 'node:fs'

const tools = new URL('../tools/prepare.mjs', import.meta.url)
if (existsSync(tools)) (await import(tools.href)).prepare()

const underNpm = ['start', 'npx'].includes(process.env.npm_lifecycle_event ?? '')
if (underNpm && process.argv[2] === 'server') takeRepeatedSignalsOnce()

await import('../dist/main.js')

/**
 * npm hands a Ctrl-C on to its child although the terminal has told the child already, and to the server a
 * second signal means "end now". So what comes again within 300 ms is the same Ctrl-C.
 */
function takeRepeatedSignalsOnce() {
  const emit = process.emit
  const last = { SIGINT: 0, SIGTERM: 0 }
  process.emit = (event, ...args) => {
    if (!Object.hasOwn(last, event)) return emit.call(process, event, ...args)
    const repeated = Date.now() - last[event] < 300
    last[event] = Date.now()
    if (repeated) return true
    // With no listener left, even for a moment, the repetition would end the process before anyone is asked.
    process.on(event, () => {})
    return emit.call(process, event, ...args)
  }
}
