import type { MessageId, Seq } from '../domain/message.ts'

/**
 * The first seq of a new mailbox: above every seq that any mailbox has had. So a client that remembers the last one it
 * showed skips nothing when a name is registered again (wire-protocol 3, 2).
 *
 * Each id is one message in one mailbox and at most one receipt in one mailbox. A mailbox that began when `n` ids were
 * given therefore has not passed twice the ids that are given by now.
 * @param nextId how many ids have been given.
 */
export function firstSeq(nextId: MessageId): Seq {
  return 2 * nextId + 1
}
