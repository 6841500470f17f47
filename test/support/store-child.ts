import { createInterface } from 'node:readline'
import { openLmdbBackend } from '../../src/backend/lmdb/backend.ts'
import { Fault } from '../../src/domain/fault.ts'
import { WIDE_LIMITS } from './backends.ts'
import { confirmAll, inWords, register, send } from './words.ts'

/**
 * A process with a store in it, for tests that spoil the disk under it. Standard input: one JSON array a line, an
 * operation and its arguments. Standard output: one JSON value a line, in the order in which the operations end,
 * `[number of the request, outcome]`.
 */
const { store } = await openLmdbBackend({
  folder: process.argv[2] as string,
  limits: WIDE_LIMITS,
  observer: { storeHealth: (failure) => print(['health', failure ?? 'well']) },
})

const OPERATIONS: Readonly<Record<string, (...args: readonly string[]) => unknown>> = {
  register: (name = '') => register(store, name),
  send: (from = '', to = '', text = '', ref = '') => send(store, from, to, text, ref),
  confirm: (name = '') => confirmAll(store, name),
  read: (name = '') => inWords(store, name),
  failure: () => store.failure() ?? 'none',
  recovered: () => store.recovered(),
}

let count = 0
print(['ready'])
for await (const line of createInterface({ input: process.stdin })) {
  const [operation, ...args] = JSON.parse(line) as [string, ...string[]]
  void perform(count++, operation, args)
}

async function perform(number: number, operation: string, args: readonly string[]): Promise<void> {
  try {
    print([number, (await OPERATIONS[operation]?.(...args)) ?? 'done'])
  } catch (error) {
    print([number, error instanceof Fault ? { fault: error.code } : { error: String(error) }])
  }
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}
