import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'

/** A message of the DevTools protocol. */
interface Message {
  readonly id?: number
  readonly method?: string
  readonly sessionId?: string
  readonly params?: Record<string, unknown>
  readonly result?: Record<string, unknown>
  readonly error?: { readonly message: string }
}

/** A page in a browser. */
export interface BrowserPage {
  /** What went wrong in it: uncaught errors, and what the log of the console has, violations of its policy among it. */
  readonly complaints: readonly string[]
  goto(url: string): Promise<void>
  /** The value of an expression there, awaited. */
  evaluate<T>(expression: string): Promise<T>
  /** Waits until an expression is true there. */
  until(expression: string): Promise<void>
  /** Presses a key of these names: Tab, Enter, Space, or types text. */
  press(key: keyof typeof KEYS): Promise<void>
  type(text: string): Promise<void>
  /** Emulates a screen of this width, with a dark or a light colour scheme. */
  emulate(screen: { width: number; dark: boolean }): Promise<void>
  /** Turns scripts of pages off or on, from the next page on. */
  allowScripts(allow: boolean): Promise<void>
}

const KEYS = {
  Tab: { key: 'Tab', code: 'Tab', windowsVirtualKeyCode: 9 },
  Enter: { key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 13, text: '\r' },
  Space: { key: ' ', code: 'Space', windowsVirtualKeyCode: 32, text: ' ' },
} as const

/** Debian's Chromium without a screen, driven by the DevTools protocol over two pipes. */
export interface Browser {
  open(): Promise<BrowserPage>
  close(): Promise<void>
}

const ARGUMENTS = [
  ...['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'],
  ...[
    '--remote-debugging-pipe',
    '--disable-background-networking',
    '--disable-component-update',
    '--mute-audio',
  ],
]

export async function openBrowser(): Promise<Browser> {
  const folder = await mkdtemp(join(tmpdir(), 'dms-browser-'))
  const child: ChildProcess = spawn('chromium', [...ARGUMENTS, `--user-data-dir=${folder}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: folder },
  })
  await once(child, 'spawn')
  const exited = once(child, 'exit')
  const to = child.stdio[3] as Writable
  const from = child.stdio[4] as Readable
  const calls = new Map<
    number,
    { resolve(result: Record<string, unknown>): void; reject(error: Error): void }
  >()
  const listeners = new Map<string, (message: Message) => void>()
  let ids = 0
  let buffered = ''

  function receive(message: Message): void {
    const { id, result = {}, error, sessionId } = message
    if (id === undefined) {
      if (sessionId !== undefined) listeners.get(sessionId)?.(message)
      return
    }
    const call = calls.get(id)
    calls.delete(id)
    if (error === undefined) call?.resolve(result)
    else call?.reject(new Error(error.message))
  }
  from.setEncoding('utf8')
  from.on('data', (chunk: string) => {
    const parts = (buffered + chunk).split('\0')
    buffered = parts.pop() ?? ''
    for (const part of parts) receive(JSON.parse(part) as Message)
  })
  to.on('error', () => undefined)
  child.on('exit', () => {
    for (const { reject } of calls.values()) reject(new Error('the browser has gone'))
  })

  function call(
    method: string,
    params: Record<string, unknown> = {},
    sessionId?: string,
  ): Promise<Record<string, unknown>> {
    return new Promise((resolve, reject) => {
      const id = ++ids
      calls.set(id, { resolve, reject })
      to.write(`${JSON.stringify({ id, method, params, sessionId })}\0`)
    })
  }

  return {
    async open() {
      const { targetId } = await call('Target.createTarget', { url: 'about:blank' })
      const { sessionId } = await call('Target.attachToTarget', { targetId, flatten: true })
      return await openPage(
        (method, params) => call(method, params, sessionId as string),
        (listener) => {
          listeners.set(sessionId as string, listener)
        },
      )
    },
    async close() {
      void call('Browser.close').catch(() => undefined)
      await exited
      await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
    },
  }
}

type Call = (method: string, params?: Record<string, unknown>) => Promise<Record<string, unknown>>

async function openPage(
  call: Call,
  listen: (listener: (message: Message) => void) => void,
): Promise<BrowserPage> {
  const complaints: string[] = []
  let loaded: () => void = () => undefined
  listen(({ method, params = {} }) => {
    if (method === 'Page.loadEventFired') loaded()
    if (method === 'Runtime.exceptionThrown') complaints.push(JSON.stringify(params.exceptionDetails))
    if (method === 'Log.entryAdded') {
      const { level, source } = params.entry as { level: string; source: string }
      // Advice, and answers that are faults, are no complaints.
      if (level !== 'verbose' && source !== 'network') complaints.push(JSON.stringify(params.entry))
    }
  })
  for (const domain of ['Page', 'Runtime', 'Log']) await call(`${domain}.enable`)

  async function evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await call('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    })
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails))
    return (result as { value: T }).value
  }

  return {
    complaints,
    evaluate,
    async goto(url) {
      const done = new Promise<void>((resolve) => {
        loaded = resolve
      })
      await call('Page.navigate', { url })
      await done
    },
    until: (expression) =>
      evaluate(
        `new Promise((resolve) => { const look = () => (${expression}) ? resolve() : requestAnimationFrame(look); look() })`,
      ),
    async press(key) {
      await call('Input.dispatchKeyEvent', { type: 'keyDown', ...KEYS[key] })
      await call('Input.dispatchKeyEvent', { type: 'keyUp', ...KEYS[key] })
    },
    async type(text) {
      await call('Input.insertText', { text })
    },
    async emulate({ width, dark }) {
      await call('Emulation.setDeviceMetricsOverride', {
        width,
        height: 1000,
        deviceScaleFactor: 1,
        mobile: false,
      })
      await call('Emulation.setEmulatedMedia', {
        features: [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }],
      })
    },
    async allowScripts(allow) {
      await call('Emulation.setScriptExecutionDisabled', { value: !allow })
    },
  }
}
