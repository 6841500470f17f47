import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Link } from './link.ts'
import type { Load, Sender, Traffic } from './load.ts'
import { startServer } from './server.ts'
import type { System } from './system.ts'
import { DIGITS, numberAt, putNumber, TEXT, TEXT_BYTES } from './text.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const version = (): string => JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version

/** This project's server: the lmdb backend, every acknowledgement after its fdatasync. */
export const ours: System = {
  name: 'ours',
  note: 'session protocol, lmdb: every acknowledgement after its fdatasync. Each message is also a receipt, stored, delivered to its sender and confirmed there, which no peer does.',
  version,
  start: () =>
    startServer('ours', (port, folder) => [
      process.execPath,
      join(ROOT, 'dist/main.js'),
      'server',
      ...['-p', String(port), '--soap-port', '0', '--data', join(folder, 'data'), '--backend', 'lmdb'],
      ...['--log', 'json', '--log-level', 'error'],
    ]),
  connect,
}

/** A server that answers as ours does and does nothing else: it shows how much the load generator could drive. */
export const nothing: System = {
  name: 'null',
  note: 'a server that answers as ours and does nothing: what the load generator can drive.',
  version,
  start: () =>
    startServer('nothing', (port) => [
      process.execPath,
      ...['--import', join(ROOT, 'tools/typescript.mjs')],
      fileURLToPath(new URL('./null-server.ts', import.meta.url)),
      String(port),
    ]),
  connect,
}

/** The same with one write and one sync of a file for what each turn brings: what durability alone costs here, in Node. */
export const nothingSynced: System = {
  name: 'null-synced',
  note: 'the same, but for one write and one fdatasync of a file before it answers what one turn of its loop brought.',
  version,
  start: () =>
    startServer('nothing-synced', (port, folder) => [
      process.execPath,
      ...['--import', join(ROOT, 'tools/typescript.mjs')],
      fileURLToPath(new URL('./null-server.ts', import.meta.url)),
      ...[String(port), folder],
    ]),
  connect,
}

const O = 0x4f
const S = 0x53
const P = 0x50
const UNDERSCORE = 0x5f
const RECEIPT_HEAD = 'SEND_MESS_ACK\0'.length
const MESSAGE_HEAD = 'SEND_MESSAGE\0'.length
const OK_HEAD = 'OK\0'.length
const PING_HEAD = 'PING\0'.length
const ACK = Buffer.from('ACK\0')
const PONG = Buffer.from('PONG\0')
const PING = Buffer.from('PING\0ping\0')

/** How many fields, the first among them, an answer to the opening has, by its first letter. */
const ANSWER_FIELDS: Readonly<Record<string, number>> = { S: 5, O: 3, F: 4 }

interface Client {
  readonly link: Link
  readonly sender: Sender
}

/** The receipts of a round. */
interface Receipts {
  count: number
  wanted: number
  complete(): void
}

/** The session protocol (wire-protocol 2). Senders get their receipts, and confirm them: more than the peers' senders do. */
async function connect(port: number, pairs: number, load: Load): Promise<Traffic> {
  const receipts: Receipts = { count: 0, wanted: -1, complete: () => {} }
  const open = async (user: string, to: string): Promise<Client> =>
    createClient(await openSession(port, user, load), to, load, receipts)
  const numbers = Array.from({ length: pairs }, (_, n) => n)
  const recipients = await Promise.all(numbers.map((n) => open(`to${n}`, `from${n}`)))
  const senders = await Promise.all(numbers.map((n) => open(`from${n}`, `to${n}`)))
  const clients = [...recipients, ...senders]
  return {
    senders: senders.map((client) => client.sender),
    async settled(messages) {
      if (receipts.count < messages) {
        await new Promise<void>((resolve) => Object.assign(receipts, { wanted: messages, complete: resolve }))
      }
      Object.assign(receipts, { count: 0, wanted: -1 })
      await Promise.all(clients.map(({ link }) => link.ping(PING)))
    },
    close() {
      for (const client of clients) client.link.close()
    },
  }
}

/** Registers an open account, which a server on this machine allows, and connects as it. */
async function openSession(port: number, user: string, load: Load): Promise<Link> {
  const link = await Link.open(port, (why) => load.fail(why))
  for (const request of ['SESSION\x001\0', `REGISTER\0r\0${user}\0\0`, `CONNECT\0c\0${user}\0\0`]) {
    const answer = await link.exchange(
      request,
      (a) => a.split('\0').length > (ANSWER_FIELDS[a[0] ?? ''] ?? 1),
    )
    if (!/^(SESSION|OK)\0/.test(answer)) throw new Error(`${user}: ${JSON.stringify(answer)}`)
  }
  return link
}

/** Where the field at `from` ends, with its NUL, or beyond `end` when that has not arrived. */
function skip(bytes: Buffer, from: number, end: number): number {
  for (let i = from; i < end; i++) if (bytes[i] === 0) return i + 1
  return end + 1
}

function createClient(link: Link, to: string, load: Load, receipts: Receipts): Client {
  const frame = Buffer.concat([Buffer.from(`SEND\0${'0'.repeat(DIGITS)}\0${to}\0`), TEXT, Buffer.from('\0')])
  const refAt = 'SEND\0'.length
  const textAt = frame.length - 1 - TEXT_BYTES

  const sender: Sender = {
    send(first, count) {
      link.reserve(count * frame.length)
      for (let n = 0; n < count; n++) {
        const at = link.length
        link.out.set(frame, at)
        putNumber(link.out, at + refAt, first + n)
        putNumber(link.out, at + textAt, first + n)
        link.length += frame.length
      }
      link.flush()
    },
  }

  link.receive = (bytes, end) => {
    const now = performance.now()
    let at = 0
    let acknowledged = 0
    let seqAt = 0
    while (at < end) {
      const first = bytes[at]
      let next: number
      if (first === O) {
        next = skip(bytes, skip(bytes, at + OK_HEAD, end), end)
        if (next > end) break
        if (bytes[at + OK_HEAD] === PING[PING_HEAD]) link.pong?.()
        else acknowledged++
      } else if (first === S && bytes[at + RECEIPT_HEAD - 5] === UNDERSCORE) {
        // seq, id, ref, recipient
        next = skip(bytes, at + RECEIPT_HEAD, end)
        for (let field = 1; field < 4; field++) next = skip(bytes, next, end)
        if (next > end) break
        seqAt = at + RECEIPT_HEAD
        receipts.count++
      } else if (first === S) {
        // seq, sender, id, acceptedAt, text
        let text = skip(bytes, at + MESSAGE_HEAD, end)
        for (let field = 1; field < 4; field++) text = skip(bytes, text, end)
        next = text + TEXT_BYTES + 1
        if (next > end) break
        seqAt = at + MESSAGE_HEAD
        load.arrived(numberAt(bytes, text), now)
      } else if (first === P) {
        next = skip(bytes, at + PING_HEAD, end)
        if (next > end) break
        link.put(PONG)
        link.put(bytes.subarray(at + PING_HEAD, next))
      } else return load.unexpected(bytes, at, end)
      at = next
    }
    if (seqAt > 0) {
      // Cumulative: one confirmation for all that the chunk brought.
      link.put(ACK)
      link.put(bytes.subarray(seqAt, skip(bytes, seqAt, end)))
    }
    if (acknowledged > 0) load.acknowledged(sender, acknowledged)
    link.flush()
    load.received()
    if (receipts.count === receipts.wanted) receipts.complete()
    return at
  }

  return { link, sender }
}
