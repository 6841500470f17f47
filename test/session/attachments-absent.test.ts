import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createSessionBed, type SessionBed } from '../support/session-bed.ts'
import { login } from '../support/session-login.ts'
import { removeTempFolders } from '../support/temp-folder.ts'

let bed: SessionBed
beforeEach(async () => {
  bed = await createSessionBed({ backend: 'lmdb' })
})
afterEach(async () => {
  await bed.close()
  await removeTempFolders()
})

test('after AUTH alone a script sends a file, while its user is present elsewhere; what it leaves unfinished goes with it', async () => {
  const bob = await bed.joinProven('bob')
  const script = await bed.open()
  await login(script, 'bob', 'secret')
  const [, upload = ''] = await script.ask('ATTACH', 'notes', 4, '')
  expect(await script.ask('CHUNK', upload, 0, Buffer.from('text').toString('base64'))).toEqual(['OK', ''])
  expect((await script.ask('SENDATTACH', 'bob', upload, ''))[0]).toBe('OK')
  const [, seq = ''] = await bob.take('SEND_MESS_ATTACH')
  const [, piece = ''] = await bob.ask('FETCH', seq, 0)
  expect(Buffer.from(piece, 'base64').toString()).toBe('text')

  const files = () => readdirSync(join(bed.folder, 'attachments'))
  expect((await script.ask('ATTACH', 'unfinished', 4, ''))[0]).toBe('OK')
  expect(files()).toHaveLength(2)
  script.socket.destroy()
  while (files().length !== 1) await new Promise((resolve) => setImmediate(resolve))
})
