#!/usr/bin/env node
/**
 * The `dms` command. In a clone it first installs and builds what is missing, so that `npx dms client` works
 * at any time; the published package holds the build and no tools, and starts at once.
 */
import { existsSync } from 'node:fs'

const tools = new URL('../tools/prepare.mjs', import.meta.url)
if (existsSync(tools)) (await import(tools.href)).prepare()

// npm hands a Ctrl-C on to its child although the terminal has told the child already, and a second signal
// means "end it now". So a repetition within 300 ms is the same Ctrl-C.
if (['start', 'npx'].includes(process.env.npm_lifecycle_event ?? '')) {
  const emit = process.emit
  const last = { SIGINT: 0, SIGTERM: 0 }
  process.emit = (event, ...args) => {
    if (event in last) {
      const repeated = Date.now() - last[event] < 300
      last[event] = Date.now()
      if (repeated) return true
    }
    return emit.call(process, event, ...args)
  }
}

await import('../dist/main.js')
