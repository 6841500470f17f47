import type { SessionBed } from '../support/session-bed.ts'
import type { ServerFrame, SessionPeer } from '../support/session-peer.ts'

/** What somebody does. */
export type Action =
  | { readonly kind: 'register' | 'disconnect' | 'break off' | 'unregister'; readonly user: string }
  | { readonly kind: 'connect'; readonly user: string; readonly takeover: boolean }
  | { readonly kind: 'send'; readonly user: string; readonly recipient: string; readonly ref: number }
  | { readonly kind: 'confirm'; readonly user: string; readonly count: number }

/** An item as the model knows it: without seq and time, which it learns when the item comes. */
interface ModelItem {
  readonly shown: readonly string[]
  /** The message that it is, or the receipt of. */
  readonly id: number
  readonly ref: string
  /** Of a message. */
  readonly sender?: ModelAccount
  frame?: ServerFrame
}

interface ModelAccount {
  readonly name: string
  mailbox: ModelItem[]
  readonly refs: Map<string, number>
  peer: SessionPeer | undefined
  /** Delivered on the present connection. */
  delivered: number
}

/** Does the same with a server and with a model, and compares. Every item is awaited as soon as it is due, and none else comes. */
export function createPlay(bed: SessionBed): { act(action: Action): Promise<void> } {
  const accounts = new Map<string, ModelAccount>()
  let nextId = 0

  const acts = {
    async register({ user }: Action) {
      const peer = await bed.open()
      const taken = accounts.has(user)
      expect((await peer.ask('REGISTER', user, ''))[taken ? 1 : 0]).toBe(taken ? 'user-exists' : 'OK')
      await peer.close()
      if (!taken)
        accounts.set(user, { name: user, mailbox: [], refs: new Map(), peer: undefined, delivered: 0 })
    },

    async connect({ user, takeover }: Action & { kind: 'connect' }) {
      const account = accounts.get(user)
      const peer = await bed.open()
      const reply = await peer.ask('CONNECT', user, takeover ? 'takeover' : '')
      if (account === undefined) return expectFault(reply, 'no-such-user')
      if (account.peer !== undefined) {
        if (!takeover) return expectFault(reply, 'already-connected')
        expect(await account.peer.take('BYE')).toEqual(['BYE', 'takeover'])
        await leaves(account)
      }
      expect(reply).toEqual(['OK', String(account.mailbox.length)])
      account.peer = peer
      await deliver(account)
    },

    async disconnect({ user }: Action) {
      const account = accounts.get(user)
      if (account?.peer === undefined) return
      expect(await account.peer.ask('DISCONNECT')).toEqual(['OK', ''])
      expectFault(await account.peer.ask('DISCONNECT'), 'not-connected')
      await leaves(account)
    },

    async 'break off'({ user }: Action) {
      const account = accounts.get(user)
      if (account?.peer === undefined) return
      await leaves(account)
      // The server learns of it a moment later.
      const watcher = await bed.open()
      while (!(await bed.messaging.users(latin1(user))).every(({ online }) => !online))
        await watcher.ask('PING')
      await watcher.close()
    },

    async unregister({ user }: Action) {
      const account = accounts.get(user)
      if (account?.peer === undefined) return
      expect(await account.peer.ask('UNREGISTER')).toEqual(['OK', ''])
      await leaves(account)
      accounts.delete(user)
      for (const { sender, ref } of account.mailbox) sender?.refs.delete(ref)
    },

    async send({ user, recipient, ref: number }: Action & { kind: 'send' }) {
      const sender = accounts.get(user)
      if (sender?.peer === undefined) return
      const ref = `ref ${number}`
      sender.peer.send(['SEND', ref, recipient, `${ref} of ${user}`])
      const reply = await sender.peer.reply(ref)
      const to = accounts.get(recipient)
      if (to === undefined) return expectFault(reply, 'no-such-user')
      const earlier = sender.refs.get(ref)
      expect(reply).toEqual(['OK', String(earlier ?? nextId)])
      if (earlier !== undefined) return
      const id = nextId++
      sender.refs.set(ref, id)
      to.mailbox.push({ shown: ['SEND_MESSAGE', user, String(id), `${ref} of ${user}`], id, ref, sender })
      await deliver(to)
    },

    async confirm({ user, count }: Action & { kind: 'confirm' }) {
      const account = accounts.get(user)
      const last = account?.mailbox.slice(0, Math.min(count, account.delivered)).at(-1)
      if (account?.peer === undefined || last?.frame === undefined) return
      account.peer.confirm(last.frame)
      // In order on one connection: once this is answered the confirmation was taken in.
      await account.peer.ask('PING')
      const confirmed = account.mailbox.splice(0, account.mailbox.indexOf(last) + 1)
      account.delivered -= confirmed.length
      for (const { sender, id, ref } of confirmed) {
        if (sender === undefined) account.refs.delete(ref)
        else if (accounts.get(sender.name) === sender) {
          sender.mailbox.push({ shown: ['SEND_MESS_ACK', String(id), ref, user], id, ref })
        }
      }
      for (const { sender } of confirmed) if (sender !== undefined) await deliver(sender)
    },
  }

  return {
    act: (action) => (acts[action.kind] as (action: Action) => Promise<void>)(action),
  }

  /** Whatever is due to somebody who is present comes, in order, with growing seqs; what came before has the seq that it had. */
  async function deliver(account: ModelAccount): Promise<void> {
    if (account.peer === undefined) return
    while (account.delivered < account.mailbox.length) {
      const item = account.mailbox[account.delivered] as ModelItem
      const frame = await account.peer.take(([operation]) => operation.startsWith('SEND_MESS'))
      if (item.frame !== undefined) expect(frame).toEqual(item.frame)
      const [operation, seq, ...rest] = frame
      const shown =
        operation === 'SEND_MESSAGE' ? [operation, rest[0], rest[1], rest[3]] : [operation, ...rest]
      expect(shown).toEqual(item.shown)
      const before = account.mailbox[account.delivered - 1]?.frame?.[1] ?? 0
      expect(Number(seq)).toBeGreaterThan(Number(before))
      item.frame = frame
      account.delivered++
    }
  }

  async function leaves(account: ModelAccount): Promise<void> {
    await account.peer?.close()
    account.peer = undefined
    account.delivered = 0
  }
}

function expectFault(reply: readonly string[], code: string): void {
  expect(reply.slice(0, 2)).toEqual(['FAULT', code])
}

const latin1 = (text: string) => Buffer.from(text).toString('latin1') as never
