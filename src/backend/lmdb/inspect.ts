import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Attachment } from '../../domain/attachments.ts'
import { fromByteString } from '../../domain/byte-string.ts'
import { harmlessJson } from '../../domain/harmless.ts'
import { ATTACHMENTS_FOLDER, attachmentFileFits } from './attachment-files.ts'
import { unlessDamaged } from './checked.ts'
import { type Environment, openEnvironment } from './environment.ts'
import { decodeItems } from './item-record.ts'
import { accountName, allOf, numberKey, readPlaceKey } from './keys.ts'
import {
  type AccountNumber,
  decodeAccount,
  decodeAttachment,
  decodeCounters,
  decodeHead,
  decodeRemoved,
  decodeSentRefs,
  type StoredItem,
} from './record.ts'
import { STORE_FILE, storeExists } from './tree.ts'
import { checkTree, DamagedTree } from './tree-check.ts'

/** How often a store that looks damaged is looked at, and how long to wait in between, in milliseconds: a server may be writing. */
const LOOKS = 5
const LOOK_AGAIN_MS = 200

/** What one look into a data folder needs. */
export interface InspectOptions {
  readonly folder: string
  /** Takes one line of the result, harmless to a terminal and without its end. */
  readonly print: (line: string) => void
}

type Inspection = (environment: Environment, options: InspectOptions) => number

const DECODERS = {
  accounts: decodeAccount,
  heads: decodeHead,
  items: decodeItems,
  sent: decodeSentRefs,
  removed: decodeRemoved,
  counters: decodeCounters,
  attachments: decodeAttachment,
} as const

/** The inspections by name; each returns the exit code. They only read, also while a server runs. */
const INSPECTIONS: Readonly<Record<'verify' | 'stats' | 'export', Inspection>> = {
  verify(environment, { folder, print }) {
    let records = 0
    let damaged = 0
    for (const [database, decode] of Object.entries(DECODERS)) {
      for (const { key, value } of environment[database as keyof typeof DECODERS].getRange()) {
        records++
        try {
          decode(key, value)
        } catch (error) {
          damaged++
          print(harmlessJson({ database, key: key.toString('hex'), problem: (error as Error).message }))
        }
      }
    }
    for (const problem of missingFiles(environment, folder)) {
      damaged++
      print(harmlessJson(problem))
    }
    print(harmlessJson({ records, damaged }))
    return damaged === 0 ? 0 : 1
  },

  stats(environment, { print }) {
    const found = {
      users: 0,
      withCredential: 0,
      waiting: 0,
      waitingBytes: 0,
      largestMailbox: 0,
      messagesAccepted: 0,
    }
    for (const { key, value } of environment.accounts.getRange()) {
      const { number, verifier } = decodeAccount(key, value)
      found.users++
      if (verifier !== '') found.withCredential++
      const headKey = numberKey(number)
      const head = environment.heads.get(headKey)
      if (head === undefined) continue
      const { count, bytes } = decodeHead(headKey, head)
      found.waiting += count
      found.waitingBytes += bytes
      found.largestMailbox = Math.max(found.largestMailbox, count)
    }
    for (const { key, value } of environment.counters.getRange()) {
      found.messagesAccepted = decodeCounters(key, value).nextId
    }
    print(harmlessJson(found))
    return 0
  },

  export(environment, { print }) {
    for (const { key, value } of environment.accounts.getRange()) {
      const { number, verifier } = decodeAccount(key, value)
      const user = fromByteString(accountName(key))
      print(harmlessJson({ type: 'user', user, credential: verifier !== '' }))
      for (const item of waitingItems(environment, number)) print(harmlessJson(exported(user, item)))
    }
    return 0
  },
}

/** Carries out `dms store`. Returns the exit code; throws an error that says what to do when there is no store. */
export async function inspectStore(
  inspection: keyof typeof INSPECTIONS,
  { folder, print }: InspectOptions,
): Promise<number> {
  if (!storeExists(folder)) {
    throw new Error(`there is no store in ${folder}: name the server's data folder with --data`)
  }
  await checkWhileUsed(join(folder, STORE_FILE))
  let problems = 0
  const environment = await openEnvironment({
    folder,
    readOnly: true,
    onProblem(where) {
      problems++
      print(harmlessJson({ problem: where }))
    },
  })
  try {
    return INSPECTIONS[inspection](environment, { folder, print }) || Math.min(problems, 1)
  } finally {
    await environment.close()
  }
}

/** Like `checkTree`, for a file that a server may be writing: what is damaged is still so when it is looked at again. */
async function checkWhileUsed(file: string): Promise<void> {
  for (let look = 1; ; look++) {
    try {
      return checkTree(file)
    } catch (error) {
      if (look === LOOKS || !(error instanceof DamagedTree)) throw error
      await setTimeout(LOOK_AGAIN_MS)
    }
  }
}

/** Messages whose file is not there, or not as long as it should be. */
function* missingFiles(environment: Environment, folder: string): Generator<object> {
  const names = new Map<AccountNumber, string>()
  for (const { key, value } of environment.accounts.getRange()) {
    const number = unlessDamaged(() => decodeAccount(key, value).number)
    if (number !== undefined) names.set(number, fromByteString(accountName(key)))
  }
  for (const { key, value } of environment.attachments.getRange()) {
    const file = unlessDamaged(() => decodeAttachment(key, value))
    if (file === undefined || attachmentFileFits(folder, file)) continue
    const { account, place } = readPlaceKey(key)
    const mailbox = names.get(account)
    // What a removed account left behind is nobody's loss.
    if (mailbox === undefined) continue
    yield { mailbox, seq: place, file: file.id, problem: 'the file of this message is missing or cut short' }
  }
}

/** What waits in one mailbox, in order. */
function* waitingItems(environment: Environment, number: AccountNumber): Generator<StoredItem> {
  const headKey = numberKey(number)
  const head = environment.heads.get(headKey)
  const confirmed = head === undefined ? 0 : decodeHead(headKey, head).confirmed
  for (const { key, value } of environment.items.getRange(allOf(number))) {
    if (readPlaceKey(key).place <= confirmed) continue
    for (const item of decodeItems(key, value)) if (item.seq > confirmed) yield item
  }
}

function exported(mailbox: string, item: StoredItem): object {
  const ref = fromByteString(item.ref)
  return item.kind === 'message'
    ? {
        type: 'message',
        mailbox,
        seq: item.seq,
        id: item.id,
        sender: fromByteString(item.sender),
        ref,
        acceptedAt: new Date(item.acceptedAt).toISOString(),
        text: fromByteString(item.text),
        ...(item.attachment === undefined ? {} : { attachment: exportedFile(item.attachment) }),
      }
    : { type: 'receipt', mailbox, seq: item.seq, id: item.id, ref, recipient: fromByteString(item.recipient) }
}

/** `file` is its name in the folder of the files. */
function exportedFile({ id, name, size, sha256, mediaType }: Attachment): object {
  return { name: fromByteString(name), size, sha256, mediaType, file: `${ATTACHMENTS_FOLDER}/${id}` }
}
