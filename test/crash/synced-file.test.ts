import { join } from 'node:path'
import { createClient } from '../../src/client/connect.ts'
import { describeWith } from '../support/describe-with.ts'
import { outgoing } from '../support/files.ts'
import { startServerProcess } from '../support/server-process.ts'
import { makeTempFolder, removeTempFolders } from '../support/temp-folder.ts'
import { bytesOf, fileOf, readStrace, type SystemCall, underStrace } from './strace.ts'

const TEXT = 'the message that brings a file'
const CONTENT = Buffer.from('what stands in the file and nowhere else')

/** Wire-protocol 3, 1, for files: the order of the server's system calls is looked at, from the first byte of a file to the answer. */
describeWith('strace')('the answer to a message with a file', () => {
  let calls: SystemCall[]
  let folder: string

  beforeAll(async () => {
    folder = await makeTempFolder()
    const log = join(await makeTempFolder(), 'calls')
    const under = underStrace({ log, calls: ['write', 'pwrite64', 'fsync', 'fdatasync'] })
    const server = await startServerProcess({ folder, under })
    const where = { server: '127.0.0.1', port: server.port }
    const sender = createClient(where, () => {})
    try {
      await sender.register('bob', { secret: 'a secret of bob', kind: 'generated' })
      await sender.register('ann')
      await sender.connect('ann')
      await sender.sendAttachment('bob', TEXT, outgoing(CONTENT, 'note.txt'))
    } finally {
      await sender.close()
      server.signal('SIGTERM')
      await server.ended
    }
    calls = readStrace(log)
  }, 60_000)

  afterAll(removeTempFolders)

  test('follows the sync of the file, of its folder, and of the message, in this order', () => {
    const attachments = join(folder, 'attachments')
    const written = after(0, (call) => holds(call, CONTENT.toString()))
    expect(fileOf(written).startsWith(attachments)).toBe(true)
    const fileSynced = after(
      written.ended,
      (call) => call.name === 'fsync' && fileOf(call) === fileOf(written),
    )
    const folderSynced = after(
      fileSynced.ended,
      (call) => call.name === 'fsync' && fileOf(call) === attachments,
    )
    const message = after(folderSynced.ended, (call) => call.name === 'pwrite64' && holds(call, TEXT))
    const messageSynced = after(
      message.ended,
      (call) => call.name === 'fdatasync' && fileOf(call) === fileOf(message),
    )
    // Of the answers that hold a message id, and not the last piece's, the first: that of the message.
    const answer = after(message.began, (call) => call.name === 'write' && holds(call, 'OK\0'))
    expect(messageSynced.result).toBe(0)
    expect(answer.began).toBeGreaterThan(messageSynced.ended)
  })

  /** The first call from this line of the record on. */
  function after(line: number, condition: (call: SystemCall) => boolean): SystemCall {
    const found = calls.find((call) => call.began >= line && condition(call))
    if (found === undefined) throw new Error(`there is no such call after line ${line}`)
    return found
  }

  function holds(call: SystemCall, part: string): boolean {
    return bytesOf(call).includes(part)
  }
})
