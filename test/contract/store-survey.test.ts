import type { Backend } from '../../src/domain/backend.ts'
import type { Envelope } from '../../src/domain/message.ts'
import { createBackendBed } from '../support/backend-bed.ts'
import { BACKENDS, FORGETFUL_LMDB } from '../support/backends.ts'
import { removeTempFolders } from '../support/temp-folder.ts'
import { confirmAll, envelope, register, send, user } from '../support/words.ts'

/** What every store must know of what waits in it (src/domain/store.ts). */
describe.each([...BACKENDS, FORGETFUL_LMDB])('a survey of a store: $name', (kind) => {
  const { verona } = createBackendBed(kind)

  const at = (acceptedAt: number, recipient = 'juliet', text = 'hello'): Envelope => ({
    ...envelope('romeo', recipient, text),
    acceptedAt,
  })

  test('where nothing waits there is no oldest message', async () => {
    const store = await verona()
    expect(await store.survey()).toEqual({ accounts: 3, items: 0, bytes: 0, largest: 0, oldest: undefined })
  })

  test('counts items and bytes of all mailboxes, the largest of them, and finds the oldest message', async () => {
    const store = await verona()
    await store.append([at(5000), at(6000, 'nurse', 'hi'), at(7000)])
    await store.append([at(3000), at(4000, 'nurse', '')])
    expect(await store.survey()).toEqual({ accounts: 3, items: 5, bytes: 17, largest: 3, oldest: 5000 })
  })

  test('receipts wait too, and have no age', async () => {
    const store = await verona()
    await store.append([at(5000), at(6000)])
    await confirmAll(store, 'juliet')
    expect(await store.survey()).toMatchObject({ items: 2, bytes: 0, largest: 2, oldest: undefined })
    await store.append([at(7000, 'romeo', 'to myself')])
    expect(await store.survey()).toMatchObject({ items: 3, bytes: 9, oldest: 7000 })
  })

  test('what was confirmed of one batch is not counted, nor is it the oldest', async () => {
    const store = await verona()
    await store.append([at(5000), at(6000), at(7000)])
    await store.confirm(user('juliet'), 2)
    expect(await store.survey()).toMatchObject({ items: 3, bytes: 5, largest: 2, oldest: 7000 })
  })

  test('what a removed account left behind waits for nobody', async () => {
    const store = await verona()
    await store.append([at(5000), at(6000, 'nurse')])
    await store.removeAccount(user('juliet'))
    expect(await store.survey()).toMatchObject({ accounts: 2, items: 1, largest: 1, oldest: 6000 })
  })

  test('a name that is registered again begins with nothing', async () => {
    const store = await verona()
    await send(store, 'romeo', 'juliet', 'hello')
    await store.removeAccount(user('juliet'))
    await register(store, 'juliet')
    expect(await store.survey()).toMatchObject({ accounts: 3, items: 0 })
  })

  test('counts many mailboxes, in as many steps as it takes', async () => {
    const store = await verona()
    const names = Array.from({ length: 1000 }, (_, n) => `user${n}`)
    await Promise.all(names.map((name) => register(store, name)))
    for (let n = 0; n < 10; n++) await store.append(names.map((name) => at(9000 + n, name)))
    expect(await store.survey()).toEqual({
      accounts: 1003,
      items: 10_000,
      bytes: 50_000,
      largest: 10,
      oldest: 9000,
    })
  })
})

/** More mailboxes than one step of a survey can look at. */
async function openCrowd(): Promise<Backend> {
  const backend = await FORGETFUL_LMDB.open()
  const names = Array.from({ length: 5000 }, (_, n) => `user${n}`)
  await Promise.all(names.map((name) => register(backend.store, name)))
  return backend
}

test('others have their turn while a survey is under way', async () => {
  const backend = await openCrowd()
  let over = false
  let turns = 0
  const turn = (): void => {
    turns++
    if (!over) setImmediate(turn)
  }
  const survey = backend.store.survey().then(() => {
    over = true
  })
  turn()
  await survey
  expect(turns).toBeGreaterThan(1)
  await backend.close()
  await removeTempFolders()
})

test('a survey that is under way when the store closes is refused', async () => {
  const backend = await openCrowd()
  const outcome = backend.store.survey().catch((fault: unknown) => fault)
  await backend.close()
  expect(await outcome).toMatchObject({ code: 'unavailable' })
  await expect(backend.store.survey()).rejects.toMatchObject({ code: 'unavailable' })
  await removeTempFolders()
})
