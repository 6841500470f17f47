import { createMemoryBackend } from '../../src/backend/memory/backend.ts'
import { type ByteString, toByteString } from '../../src/domain/byte-string.ts'
import type { DeliveryChannel } from '../../src/domain/delivery-channel.ts'
import type { Messaging } from '../../src/domain/messaging.ts'
import type { Store } from '../../src/domain/store.ts'
import { createMessaging } from '../../src/service/messaging.ts'
import { WIDE_LIMITS } from '../support/backends.ts'
import { NONE, register, send } from '../support/words.ts'

const claim = (name: string) => ({ name: toByteString(name), proof: NONE })
const CHANNEL: DeliveryChannel = { window: 1, push: () => true, close: async () => {} }

/** Messaging over the memory store, some of whose methods are other ones. */
function messagingOver(change: (store: Store) => Partial<Store>): { messaging: Messaging; store: Store } {
  const { store, presence, attachments } = createMemoryBackend(WIDE_LIMITS)
  const options = { presence, attachments, observer: {}, maxTextBytes: 1000, now: Date.now }
  return { store, messaging: createMessaging({ ...options, store: { ...store, ...change(store) } }) }
}

describe('CONNECT while the account goes', () => {
  /** The store answers how much waits only when the gate opens: CONNECT stands between its check and its session. */
  function gated(): ReturnType<typeof messagingOver> & { open: () => void } {
    let open = () => {}
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const over = messagingOver((store) => ({
      waiting: async (name) => {
        await gate
        return store.waiting(name)
      },
    }))
    return { ...over, open }
  }

  test('leaves no session behind: the name can be registered and connected again', async () => {
    const { messaging, open } = gated()
    await messaging.register(toByteString('romeo'), NONE)
    const connecting = messaging.connect(claim('romeo'), CHANNEL)
    await messaging.unregister(claim('romeo'))
    open()
    await expect(connecting).rejects.toMatchObject({ code: 'no-such-user' })
    await messaging.register(toByteString('romeo'), NONE)
    await messaging.connect(claim('romeo'), CHANNEL)
  })

  test('or gets a credential, is refused without it', async () => {
    const { messaging, open } = gated()
    await messaging.register(toByteString('romeo'), NONE)
    const connecting = messaging.connect(claim('romeo'), CHANNEL)
    await messaging.setCredential(claim('romeo'), 'verifier' as ByteString)
    open()
    await expect(connecting).rejects.toMatchObject({ code: 'not-authenticated' })
    expect((await messaging.users(NONE)).map(({ online }) => online)).toEqual([false])
  })
})

describe('a store that calls itself well and refuses', () => {
  test('to read is asked again now and then; everything else goes on', async () => {
    let refusing = true
    const { messaging, store } = messagingOver((well) => ({
      read: (...args) => (refusing ? Promise.reject(new Error('damaged')) : well.read(...args)),
    }))
    await register(store, 'romeo')
    await send(store, 'romeo', 'romeo', 'note')
    const delivered = new Promise<void>((resolve) => {
      const push = (): boolean => {
        resolve()
        return true
      }
      void messaging.connect(claim('romeo'), { ...CHANNEL, push }).then((session) => session.start())
    })
    // A loop that never lets go would keep this timer from coming.
    await new Promise((resolve) => setTimeout(resolve, 20))
    refusing = false
    await delivered
  })

  test('to confirm is asked again until it has the confirmation', async () => {
    let refusals = 2
    const { messaging, store } = messagingOver((well) => ({
      confirm: (...args) => (refusals-- > 0 ? Promise.reject(new Error('damaged')) : well.confirm(...args)),
    }))
    await register(store, 'romeo')
    await send(store, 'romeo', 'romeo', 'note')
    await new Promise<void>((resolve) => {
      const push: DeliveryChannel['push'] = ([item]) => {
        if (item?.kind === 'receipt') resolve()
        else setImmediate(async () => (await session).confirm(item?.seq ?? 0))
        return true
      }
      const session = messaging.connect(claim('romeo'), { ...CHANNEL, push })
      void session.then((begun) => begun.start())
    })
    expect(refusals).toBeLessThan(0)
  })
})
