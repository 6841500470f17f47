import type { Store } from '../../src/domain/store.ts'
import { createBackendBed } from '../support/backend-bed.ts'
import { BACKENDS, FORGETFUL_LMDB } from '../support/backends.ts'
import { confirmAll, envelope, inWords, mailbox, read, register, send, sent, user } from '../support/words.ts'

/** What confirmations, receipts, refs and removed accounts must do in every store (src/domain/store.ts). */
describe.each([...BACKENDS, FORGETFUL_LMDB])('a store: $name', (kind) => {
  const { open, verona } = createBackendBed(kind)

  describe('confirmations', () => {
    test('what is confirmed is gone, the rest stays with its seqs', async () => {
      const store = await verona()
      for (const text of ['a', 'b', 'c']) await send(store, 'romeo', 'juliet', text)
      await store.confirm(user('juliet'), 2)
      expect(await mailbox(store, 'juliet')).toMatchObject([{ seq: 3, text: 'c' }])
      expect(await store.waiting(user('juliet'))).toBe(1)
    })

    test('a confirmation that is repeated, or of something older, changes nothing', async () => {
      const store = await verona()
      for (const text of ['a', 'b', 'c']) await send(store, 'romeo', 'juliet', text)
      expect(await store.confirm(user('juliet'), 2)).toEqual(['romeo'])
      expect(await store.confirm(user('juliet'), 2)).toEqual([])
      expect(await store.confirm(user('juliet'), 1)).toEqual([])
      expect(await store.confirm(user('juliet'), 0)).toEqual([])
      expect(await inWords(store, 'juliet')).toEqual(['romeo: c'])
      expect(await inWords(store, 'romeo')).toEqual(['receipt 0 by juliet', 'receipt 1 by juliet'])
    })

    test('a confirmation takes what the reader has read, whether or not more was read before', async () => {
      const store = await verona()
      for (const text of ['a', 'b', 'c', 'd']) await send(store, 'romeo', 'juliet', text)
      await read(store, 'juliet', 2, 1)
      await store.confirm(user('juliet'), 3)
      expect(await inWords(store, 'juliet')).toEqual(['romeo: d'])
      expect(await inWords(store, 'romeo')).toHaveLength(3)
      await store.confirm(user('juliet'), 4)
      expect(await inWords(store, 'romeo')).toHaveLength(4)
    })

    test('seqs only grow: a mailbox that was emptied goes on counting', async () => {
      const store = await verona()
      await send(store, 'romeo', 'juliet', 'a')
      await confirmAll(store, 'juliet')
      await send(store, 'romeo', 'juliet', 'b')
      await send(store, 'romeo', 'juliet', 'c')
      expect((await mailbox(store, 'juliet')).map(({ seq }) => seq)).toEqual([2, 3])
      await confirmAll(store, 'juliet')
      store.release(user('juliet'))
      await send(store, 'romeo', 'juliet', 'd')
      expect((await mailbox(store, 'juliet')).map(({ seq }) => seq)).toEqual([4])
    })

    test('messages that come while a confirmation is on its way are not taken along', async () => {
      const store = await verona()
      await send(store, 'romeo', 'juliet', 'a')
      const confirming = store.confirm(user('juliet'), 1)
      const sending = send(store, 'romeo', 'juliet', 'b')
      await Promise.all([confirming, sending])
      expect(await inWords(store, 'juliet')).toEqual(['romeo: b'])
    })
  })

  describe('receipts', () => {
    test('each confirmed message puts a receipt into the mailbox of its sender, in order', async () => {
      const store = await verona()
      await send(store, 'romeo', 'juliet', 'a', 'ref-a')
      await send(store, 'nurse', 'juliet', 'b')
      await send(store, 'romeo', 'juliet', 'c')
      const receivers = await confirmAll(store, 'juliet')
      expect([...receivers].sort()).toEqual(['nurse', 'romeo'])
      expect(await mailbox(store, 'romeo')).toMatchObject([
        { kind: 'receipt', seq: 1, id: 0, ref: 'ref-a', recipient: 'juliet' },
        { kind: 'receipt', seq: 2, id: 2, ref: '', recipient: 'juliet' },
      ])
      expect(await mailbox(store, 'nurse')).toMatchObject([{ kind: 'receipt', seq: 1, id: 1 }])
    })

    test('messages and receipts share one sequence', async () => {
      const store = await verona()
      await send(store, 'romeo', 'juliet', 'a')
      await send(store, 'nurse', 'romeo', 'b')
      await confirmAll(store, 'juliet')
      await send(store, 'nurse', 'romeo', 'c')
      expect(await inWords(store, 'romeo')).toEqual(['nurse: b', 'receipt 0 by juliet', 'nurse: c'])
      expect((await mailbox(store, 'romeo')).map(({ seq }) => seq)).toEqual([1, 2, 3])
    })

    test('a confirmed receipt is gone and brings nothing new', async () => {
      const store = await verona()
      await send(store, 'romeo', 'juliet', 'a')
      await confirmAll(store, 'juliet')
      expect(await confirmAll(store, 'romeo')).toEqual([])
      for (const name of ['romeo', 'juliet']) expect(await mailbox(store, name)).toEqual([])
    })
  })

  describe('refs', () => {
    test('the same ref again is the same message, until its receipt is confirmed', async () => {
      const store = await verona()
      const first = await send(store, 'romeo', 'juliet', 'a', 'r')
      expect(await send(store, 'romeo', 'juliet', 'a', 'r')).toBe(first)
      await confirmAll(store, 'juliet')
      expect(await send(store, 'romeo', 'juliet', 'a', 'r')).toBe(first)
      expect(await inWords(store, 'juliet')).toEqual([])
      await confirmAll(store, 'romeo')
      expect(await send(store, 'romeo', 'juliet', 'a', 'r')).toBe(first + 1)
      expect(await inWords(store, 'juliet')).toEqual(['romeo: a'])
    })

    test('a ref belongs to its sender; without a ref every message is another', async () => {
      const store = await verona()
      expect(await send(store, 'romeo', 'juliet', 'a', 'r')).toBe(0)
      expect(await send(store, 'nurse', 'juliet', 'a', 'r')).toBe(1)
      expect(await send(store, 'romeo', 'juliet', 'a')).toBe(2)
      expect(await send(store, 'romeo', 'juliet', 'a')).toBe(3)
    })

    test('a ref is known at once: within one batch, and while the first is still on its way', async () => {
      const store = await verona()
      const twice = [envelope('romeo', 'juliet', 'a', 'r'), envelope('romeo', 'juliet', 'a', 'r')]
      const [together, again] = await Promise.all([store.append(twice), store.append(twice)])
      expect([...together, ...again]).toEqual([0, 0, 0, 0])
      expect(await inWords(store, 'juliet')).toEqual(['romeo: a'])
    })

    test('a ref is known while it is on its way, although its sender has left', async () => {
      const store = await verona()
      const first = send(store, 'romeo', 'juliet', 'a', 'r')
      // The commit begins with the next turn of the event loop.
      await new Promise((resolve) => setImmediate(resolve))
      store.release(user('romeo'))
      expect(await send(store, 'romeo', 'juliet', 'a', 'r')).toBe(await first)
      expect(await inWords(store, 'juliet')).toEqual(['romeo: a'])
    })

    test('a repeated message is answered also when the mailbox is full by now', async () => {
      const { store } = await open({ items: 1, bytes: 1000 })
      await register(store, 'romeo', 'juliet')
      expect(await send(store, 'romeo', 'juliet', 'a', 'r')).toBe(0)
      expect(await send(store, 'romeo', 'juliet', 'a', 'r')).toBe(0)
    })
  })

  describe('what became of a message', () => {
    test('it waits, it is delivered, and it is forgotten with its receipt', async () => {
      const store = await verona()
      const id = await send(store, 'romeo', 'juliet', 'a', 'r')
      await send(store, 'romeo', 'juliet', 'b', 's')
      expect(await sent(store, 'romeo', 'r')).toEqual({ id, delivered: false })
      await store.confirm(user('juliet'), 1)
      expect(await sent(store, 'romeo', 'r')).toEqual({ id, delivered: true })
      expect(await sent(store, 'romeo', 's')).toEqual({ id: id + 1, delivered: false })
      await confirmAll(store, 'romeo')
      expect(await sent(store, 'romeo', 'r')).toBeUndefined()
      expect(await sent(store, 'romeo', 's')).toEqual({ id: id + 1, delivered: false })
    })

    test('nobody else knows its ref', async () => {
      const store = await verona()
      await send(store, 'romeo', 'juliet', 'a', 'r')
      for (const name of ['juliet', 'nurse', 'paris']) expect(await sent(store, name, 'r')).toBeUndefined()
      expect(await sent(store, 'romeo', 'other')).toBeUndefined()
    })

    test('it is told also by receipts that came before anybody asked, among many others', async () => {
      const store = await verona()
      for (let i = 0; i < 50; i++) await send(store, 'romeo', 'juliet', `${i}`, `r${i}`)
      for (let i = 1; i <= 30; i++) await store.confirm(user('juliet'), i)
      await store.confirm(user('romeo'), 10)
      store.release(user('romeo'))
      expect(await sent(store, 'romeo', 'r9')).toBeUndefined()
      expect(await sent(store, 'romeo', 'r10')).toEqual({ id: 10, delivered: true })
      expect(await sent(store, 'romeo', 'r29')).toEqual({ id: 29, delivered: true })
      expect(await sent(store, 'romeo', 'r30')).toEqual({ id: 30, delivered: false })
    })

    test('it is told while confirmations are on their way, from both sides', async () => {
      const store = await verona()
      for (const ref of ['r', 's']) await send(store, 'romeo', 'juliet', ref, ref)
      await store.confirm(user('juliet'), 1)
      const confirming = store.confirm(user('juliet'), 2)
      const asking = ['r', 's'].map((ref) => sent(store, 'romeo', ref))
      expect(await Promise.all(asking)).toEqual([
        { id: 0, delivered: true },
        { id: 1, delivered: true },
      ])
      await confirming
      const releasing = store.confirm(user('romeo'), 2)
      const again = [sent(store, 'romeo', 'r'), sent(store, 'romeo', 's')]
      await releasing
      expect(await Promise.all(again)).toEqual([undefined, undefined])
    })

    test('a ref that is used again tells of the new message', async () => {
      const store = await verona()
      await send(store, 'romeo', 'juliet', 'a', 'r')
      await confirmAll(store, 'juliet')
      expect(await sent(store, 'romeo', 'r')).toMatchObject({ delivered: true })
      await confirmAll(store, 'romeo')
      const id = await send(store, 'romeo', 'juliet', 'b', 'r')
      expect(await sent(store, 'romeo', 'r')).toEqual({ id, delivered: false })
    })
  })

  describe('accounts that are removed', () => {
    test('registered again, an account gets nothing of the old one', async () => {
      const store = await verona()
      await send(store, 'romeo', 'juliet', 'a')
      await send(store, 'romeo', 'juliet', 'b', 'r')
      await store.removeAccount(user('juliet'))
      expect(await store.account(user('juliet'))).toBeUndefined()
      await register(store, 'juliet')
      expect(await mailbox(store, 'juliet')).toEqual([])
      expect(await store.waiting(user('juliet'))).toBe(0)
      await send(store, 'romeo', 'juliet', 'c')
      expect(await inWords(store, 'juliet')).toEqual(['romeo: c'])
    })

    test('ids never repeat, whatever is removed', async () => {
      const store = await verona()
      await send(store, 'romeo', 'juliet', 'a')
      await store.removeAccount(user('juliet'))
      await register(store, 'juliet')
      expect(await send(store, 'romeo', 'juliet', 'b')).toBe(1)
    })

    test('a receipt for an account that was registered again is dropped', async () => {
      const store = await verona()
      await send(store, 'romeo', 'juliet', 'a')
      await store.removeAccount(user('romeo'))
      await register(store, 'romeo')
      expect(await confirmAll(store, 'juliet')).toEqual([])
      expect(await mailbox(store, 'romeo')).toEqual([])
    })

    test('the refs of the old account are not those of the new one', async () => {
      const store = await verona()
      expect(await send(store, 'romeo', 'juliet', 'a', 'r')).toBe(0)
      await store.removeAccount(user('romeo'))
      await register(store, 'romeo')
      expect(await send(store, 'romeo', 'juliet', 'b', 'r')).toBe(1)
      // The receipt of the first message is dropped; it must not release the second one's ref.
      await store.confirm(user('juliet'), 1)
      expect(await send(store, 'romeo', 'juliet', 'b', 'r')).toBe(1)
    })

    /** Clearing a removed mailbox away goes on beside the daily work: sends until the ref is free. */
    async function sentAnew(store: Store, first: number): Promise<number> {
      for (let attempt = 0; attempt < 200; attempt++) {
        const id = await send(store, 'romeo', 'juliet', 'again', 'r')
        if (id !== first) return id
      }
      throw new Error('the ref is still taken')
    }

    test('the ref of a message that went with a removed mailbox is free again', async () => {
      const store = await verona()
      const first = await send(store, 'romeo', 'juliet', 'a', 'r')
      await store.removeAccount(user('juliet'))
      await register(store, 'juliet')
      expect(await sentAnew(store, first)).toBe(first + 1)
      expect(await inWords(store, 'juliet')).toEqual(['romeo: again'])
    })

    test('so is the ref of a message that came in the same moment as the removal', async () => {
      const store = await verona()
      const sending = send(store, 'romeo', 'juliet', 'a', 'r')
      const removing = store.removeAccount(user('juliet'))
      const [first] = await Promise.all([sending, removing])
      await register(store, 'juliet')
      expect(await sentAnew(store, first)).toBe(first + 1)
      expect(await inWords(store, 'juliet')).toEqual(['romeo: again'])
    })

    test('a name can be taken and given up many times in the same moment', async () => {
      const store = await verona()
      const changes: Promise<unknown>[] = []
      for (let i = 0; i < 10; i++) {
        changes.push(store.createAccount(user('paris'), '' as never))
        changes.push(send(store, 'romeo', 'paris', `${i}`))
        if (i < 9) changes.push(store.removeAccount(user('paris')))
      }
      await Promise.all(changes)
      expect(await inWords(store, 'paris')).toEqual(['romeo: 9'])
      await confirmAll(store, 'paris')
      expect(await inWords(store, 'romeo')).toEqual(['receipt 9 by paris'])
    })
  })
})
