/**
 * The server that does nothing: answers the session protocol from memory, by the lengths that the bench's client is
 * known to write. `node null-server.ts <port> [folder]`: with a folder it writes what one turn of its loop brings to a file
 * there, and syncs it, before it answers.
 */
import { fdatasyncSync, openSync, writeSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { DIGITS, TEXT_BYTES } from './text.ts'

interface Peer {
  readonly socket: Socket
  readonly ok: Buffer
  readonly receipt: Buffer
  readonly message: Buffer
}

const NUMBER = '0'.repeat(DIGITS)
const REF_AT = 'SEND\0'.length
/** How many fields a frame has, by its first four bytes. */
const FIELDS = new Map([
  ['SESS', 2],
  ['REGI', 4],
  ['CONN', 4],
  ['ACK\0', 2],
  ['PING', 2],
])
const peers = new Map<string, Peer>()
const [, , port, folder] = process.argv

/** What a synced file takes for one message, about, and how long the file is that is written over again and again. */
const RECORD = Buffer.alloc(300, 'r')
const FILE_BYTES = 32 * 1024 ** 2
const file = folder === undefined ? undefined : filled(join(folder, 'log'))
let filePosition = 0
/** What is to be said once the file is synced, and the messages that it is about. */
let replies: (() => void)[] = []
let replied = 0

/** A file of zeros: what is written over needs no new size. */
function filled(path: string): number {
  const opened = openSync(path, 'w')
  writeSync(opened, Buffer.alloc(FILE_BYTES))
  fdatasyncSync(opened)
  return opened
}

/** Says it once `count` messages are on disk; at once without a file. */
function reply(count: number, say: () => void): void {
  if (file === undefined) {
    say()
    return
  }
  replies.push(say)
  replied += count
  if (replies.length === 1) setImmediate(sync, file)
}

function sync(file: number): void {
  const all = replies
  const bytes = Buffer.alloc(replied * RECORD.length, RECORD)
  replies = []
  replied = 0
  if (filePosition + bytes.length > FILE_BYTES) filePosition = 0
  filePosition += writeSync(file, bytes, 0, bytes.length, filePosition)
  fdatasyncSync(file)
  for (const say of all) say()
}

const other = (user: string): string =>
  user.startsWith('to') ? user.replace('to', 'from') : user.replace('from', 'to')

function createPeer(socket: Socket, user: string): Peer {
  const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1')
  return {
    socket,
    ok: latin1(`OK\0${NUMBER}\0${NUMBER}\0`),
    receipt: latin1(`SEND_MESS_ACK\0${NUMBER}\0${NUMBER}\0${NUMBER}\0${other(user)}\0`),
    message: latin1(
      `SEND_MESSAGE\0${NUMBER}\0${other(user)}\0${NUMBER}\x002026-01-01T00:00:00.000Z\0${'x'.repeat(TEXT_BYTES)}\0`,
    ),
  }
}

/** Answers `count` SENDs that begin at `at`, each `length` long: all that they bring is written with two calls. */
function answer(from: Peer, to: Peer, bytes: Buffer, at: number, length: number, count: number): void {
  const { ok, receipt } = from
  const { message } = to
  const answers = Buffer.allocUnsafe(count * (ok.length + receipt.length))
  const messages = Buffer.allocUnsafe(count * message.length)
  const textAt = length - 1 - TEXT_BYTES
  for (let n = 0; n < count; n++) {
    const frame = at + n * length
    const okAt = n * (ok.length + receipt.length)
    answers.set(ok, okAt)
    bytes.copy(answers, okAt + 'OK\0'.length, frame + REF_AT, frame + REF_AT + DIGITS)
    answers.set(receipt, okAt + ok.length)
    messages.set(message, n * message.length)
    bytes.copy(messages, (n + 1) * message.length - 1 - TEXT_BYTES, frame + textAt, frame + length - 1)
  }
  reply(count, () => {
    from.socket.write(answers)
    to.socket.write(messages)
  })
}

createServer({ noDelay: true }, (socket) => {
  let rest: Buffer = Buffer.alloc(0)
  let self: Peer | undefined
  let target: string | undefined
  let sendBytes = 0
  socket.on('error', () => {})
  socket.on('data', (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let at = 0
    const nul = (from: number): number => bytes.indexOf(0, from)
    while (at < bytes.length) {
      const word = bytes.toString('latin1', at, at + 4)
      if (word === 'SEND' && self !== undefined && target !== undefined) {
        const count = Math.floor((bytes.length - at) / sendBytes)
        let run = 0
        while (run < count && bytes[at + run * sendBytes] === 0x53) run++
        const to = peers.get(target)
        if (run === 0 || to === undefined) break
        answer(self, to, bytes, at, sendBytes, run)
        at += run * sendBytes
        continue
      }
      const fields = FIELDS.get(word)
      if (fields === undefined) break
      let end = at
      for (let n = 0; n < fields && end !== -1; n++) end = nul(end) + 1 || -1
      if (end === -1) break
      const [, ref, user = ''] = bytes.toString('latin1', at, end).split('\0')
      if (word === 'SESS') socket.write('SESSION\x001\x0065536\x00256\x0030\0')
      else if (word !== 'ACK\0') socket.write(`OK\0${ref}\0\0`)
      if (word === 'CONN') {
        self = createPeer(socket, user)
        target = other(user)
        sendBytes = `SEND\0${NUMBER}\0${target}\0`.length + TEXT_BYTES + 1
        peers.set(user, self)
      }
      at = end
    }
    rest = bytes.subarray(at)
  })
}).listen(Number(port), '127.0.0.1')
