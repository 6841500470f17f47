import { readdirSync, renameSync, rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { fileBytes } from '../support/files.ts'
import { createSessionBed, type SessionBed } from '../support/session-bed.ts'
import type { SessionPeer } from '../support/session-peer.ts'
import { removeTempFolders } from '../support/temp-folder.ts'

let bed: SessionBed
let ann: SessionPeer
let bob: SessionPeer
beforeEach(async () => {
  bed = await createSessionBed({ backend: 'lmdb' })
  ann = await bed.join('ann')
  bob = await bed.joinProven('bob')
})
afterEach(async () => {
  await bed.close()
  await removeTempFolders()
})

/** Sends bob a file of ten bytes. */
async function sendFile(text: string): Promise<void> {
  const [, id = ''] = await ann.ask('ATTACH', 'report.pdf', 10, 'application/pdf')
  await ann.ask('CHUNK', id, 0, fileBytes(10).toString('base64'))
  expect((await ann.ask('SENDATTACH', 'bob', id, text))[0]).toBe('OK')
}

/** The files of the server. */
function files(): string[] {
  const folder = join(bed.folder, 'attachments')
  return readdirSync(folder).map((name) => join(folder, name))
}

test('a file that is gone from the disk does not hold up its mailbox: the message says so', async () => {
  await sendFile('the words stay')
  await ann.ask('SEND', 'bob', 'next')
  await bob.take('SEND_MESS_ATTACH')
  for (const file of files()) rmSync(file)
  await bed.restart()
  bob = await bed.joinProven('bob')
  const push = await bob.take('SEND_MESS_ATTACH')
  expect(push.slice(5, 9)).toEqual(['the words stay', 'report.pdf', '10', ''])
  expect((await bob.ask('FETCH', push[1] ?? '', 0)).slice(0, 2)).toEqual(['FAULT', 'invalid-request'])
  bob.confirm(push)
  expect((await bob.take('SEND_MESSAGE')).at(-1)).toBe('next')
})

test.each([
  ['gone', (path: string) => rmSync(path)],
  ['cut short', (path: string) => truncateSync(path, 5)],
])(
  'a file that is %s when it is fetched is lost for good, so nobody asks for it again and again',
  async (_, harm) => {
    await sendFile('')
    const push = await bob.take('SEND_MESS_ATTACH')
    for (const file of files()) harm(file)
    const [outcome, code, reason] = await bob.ask('FETCH', push[1] ?? '', 0)
    expect([outcome, code, reason]).toEqual(['FAULT', 'invalid-request', expect.stringContaining('lost')])
  },
)

test('a file whose folder is away is not lost: it may come back, with its disk', async () => {
  await sendFile('')
  const push = await bob.take('SEND_MESS_ATTACH')
  const folder = join(bed.folder, 'attachments')
  renameSync(folder, `${folder}-away`)
  expect((await bob.ask('FETCH', push[1] ?? '', 0)).slice(0, 2)).toEqual(['FAULT', 'unavailable'])
  renameSync(`${folder}-away`, folder)
  expect(await bob.ask('FETCH', push[1] ?? '', 0)).toEqual(['OK', fileBytes(10).toString('base64')])
})
