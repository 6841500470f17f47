import { type ByteString, fromByteString, toByteString } from '../../src/domain/byte-string.ts'
import type { Envelope, Item, MessageId, SentMessage } from '../../src/domain/message.ts'
import type { Store } from '../../src/domain/store.ts'
import { parseUserName, type UserName } from '../../src/domain/user-name.ts'

/** No ref, no text, no verifier: an open account. */
export const NONE = '' as ByteString

/** A user name. */
export function user(name: string): UserName {
  return parseUserName(toByteString(name))
}

/** A message from one user to another, as it is handed to a store. */
export function envelope(sender: string, recipient: string, text: string, ref = ''): Envelope {
  return {
    sender: user(sender),
    recipient: toByteString(recipient),
    ref: toByteString(ref),
    text: toByteString(text),
    acceptedAt: 1_700_000_000_000,
  }
}

/** Opens open accounts. */
export async function register(store: Store, ...names: readonly string[]): Promise<void> {
  for (const name of names) await store.createAccount(user(name), NONE)
}

/** Sends one message and returns its id; throws the fault of a refusal. */
export async function send(
  store: Store,
  sender: string,
  recipient: string,
  text: string,
  ref = '',
): Promise<MessageId> {
  const [outcome] = await store.append([envelope(sender, recipient, text, ref)])
  if (typeof outcome !== 'number') throw outcome
  return outcome
}

/** What a sender learns of a message by its ref. */
export function sent(store: Store, sender: string, ref: string): Promise<SentMessage | undefined> {
  return store.sent(user(sender), toByteString(ref))
}

/** At most `limit` items of a mailbox after a place, in one reading. */
export async function read(store: Store, name: string, after: number, limit: number): Promise<Item[]> {
  return [...(await store.read(user(name), after, limit))]
}

/** Every item of a mailbox, in as many readings as it takes. */
export async function mailbox(store: Store, name: string): Promise<Item[]> {
  const all: Item[] = []
  for (;;) {
    const items = await read(store, name, all.at(-1)?.seq ?? 0, 1000)
    if (items.length === 0) return all
    all.push(...items)
  }
}

/** The items of a mailbox in words: `romeo: hello`, or `receipt 3 by juliet`. */
export async function inWords(store: Store, name: string): Promise<string[]> {
  const items = await mailbox(store, name)
  return items.map((item) =>
    item.kind === 'message'
      ? `${fromByteString(item.sender)}: ${fromByteString(item.text)}`
      : `receipt ${item.id} by ${fromByteString(item.recipient)}`,
  )
}

/** Confirms everything that waits in a mailbox. */
export async function confirmAll(store: Store, name: string): Promise<readonly UserName[]> {
  const last = (await mailbox(store, name)).at(-1)
  return store.confirm(user(name), last?.seq ?? 0)
}
