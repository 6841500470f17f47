import type { Client } from '../../src/client/client.ts'
import { createClient } from '../../src/client/connect.ts'
import { createVerifier } from '../../src/client/scram.ts'
import { type ClientBed, openClientBed } from '../support/client-bed.ts'
import { outgoing as file, fileBytes } from '../support/files.ts'
import { user } from '../support/words.ts'

let bed: ClientBed
let alice: Client
beforeEach(async () => {
  bed = await openClientBed()
  await bed.register('alice')
  await bed.server.messaging.register(user('bob'), await createVerifier('a secret of bob', 'generated'))
  alice = (await bed.connected('alice')).client
})
afterEach(() => bed.close())

test('refusals come through, and nobody who is not connected sends files', async () => {
  const small = file(fileBytes(1))
  await expect(alice.sendAttachment('alice', '', small)).rejects.toMatchObject({ code: 'not-allowed' })
  await expect(alice.sendAttachment('nobody', '', small)).rejects.toMatchObject({ code: 'no-such-user' })
  await expect(alice.sendAttachment('bob', '', { ...small, name: 'a\nb' })).rejects.toMatchObject({
    code: 'invalid-name',
  })
  await expect(alice.sendAttachment('bob', '', { ...small, name: 'a\0b' })).rejects.toMatchObject({
    code: 'invalid-request',
  })
  await expect(alice.sendAttachment('bob', 'x'.repeat(65_537), small)).rejects.toMatchObject({
    code: 'too-large',
  })
  await expect(alice.sendAttachment('bob', '', { ...small, size: 2 ** 40 })).rejects.toMatchObject({
    code: 'too-large',
  })
  await alice.disconnect('alice')
  await expect(alice.sendAttachment('bob', '', small)).rejects.toMatchObject({ code: 'not-connected' })
  const legacy = createClient({ protocol: 'legacy', port: bed.server.port }, () => {})
  await expect(legacy.sendAttachment('bob', '', small)).rejects.toMatchObject({ code: 'not-allowed' })
})

test('a file for nobody is refused before it is read', async () => {
  let read = false
  const sending = alice.sendAttachment('bo', '', {
    ...file(fileBytes(1)),
    async *content() {
      read = true
      yield fileBytes(1)
    },
  })
  await expect(sending).rejects.toMatchObject({ code: 'no-such-user' })
  expect(read).toBe(false)
  // The upload that it has begun is given up: there is room for four.
  for (let more = 0; more < 5; more++)
    await expect(alice.sendAttachment('bo', '', file(fileBytes(1)))).rejects.toMatchObject({
      code: 'no-such-user',
    })
  expect(await alice.sendAttachment('bob', '', file(fileBytes(1)))).toBe(0)
})
