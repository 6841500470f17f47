import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Link } from './link.ts'
import type { Load, Sender } from './load.ts'
import { startServer, versionOf } from './server.ts'
import type { System } from './system.ts'
import { numberAt, putNumber, TEXT, TEXT_BYTES } from './text.ts'

const SPACE = 0x20
const NEWLINE = 0x0a
const M = 0x4d
const P = 0x50
const E = 0x65

const PONG = Buffer.from('PONG\r\n')
/** An empty answer to a delivery is an acknowledgement, the shortest that JetStream takes. */
const EMPTY = Buffer.from(' 0\r\n\r\n')
const PUB = Buffer.from('PUB ')

/** Where JetStream keeps a recipient's messages: a stream of its own, with one durable consumer. */
type Retention = 'workqueue' | 'limits'

const start = () =>
  startServer('nats', (port, folder) => {
    const file = join(folder, 'nats.conf')
    writeFileSync(file, `listen: "127.0.0.1:${port}"\njetstream { store_dir: "${folder}" }\n`)
    return ['nats-server', '-c', file]
  })

/**
 * nats-server with JetStream: file storage, every publish acknowledged by the stream, every delivery by its recipient
 * (AckExplicit). What was measured to be fastest: a stream for each recipient, durable push consumers, subjects as
 * short as can be, an empty acknowledgement. Pull consumers take more a second but fall behind the senders, by 50 ms
 * and more.
 */
function createNats(name: string, note: string, retention: Retention): System {
  return {
    name,
    note,
    version: () => versionOf('nats-server', '-v', /v(\d\S+)/),
    start,
    async connect(port, pairs, load) {
      const numbers = Array.from({ length: pairs }, (_, n) => n)
      const open = () => openClient(port, load)
      const control = await open()
      for (const n of numbers) await createStream(control, n, retention)
      const recipients = await Promise.all(numbers.map(open))
      await Promise.all(recipients.map((link, n) => receive(link, n, load)))
      for (const n of numbers) await createConsumer(control, n)
      const links = await Promise.all(numbers.map(open))
      return {
        senders: await Promise.all(links.map((link, n) => createSender(link, n, load))),
        async settled() {
          for (const n of numbers) while (!(await isSettled(control, n))) await delay(1)
        },
        close() {
          for (const link of [control, ...links, ...recipients]) link.close()
        },
      }
    },
  }
}

/** A message leaves the stream when its recipient has confirmed it, as it leaves a mailbox. */
export const nats = createNats(
  'nats-server',
  'JetStream, file storage, explicit acknowledgements; what is confirmed leaves the stream. It acknowledges after write(2), and syncs on a timer.',
  'workqueue',
)

/** The stream keeps all that it ever took: less work than a mailbox, and no end to the disk it needs. */
export const natsLog = createNats(
  'nats-log',
  'the same, but the stream keeps all that it ever took: less work than a mailbox, and no end to the disk it needs.',
  'limits',
)

async function openClient(port: number, load: Load): Promise<Link> {
  const link = await Link.open(port, (why) => load.fail(why))
  await link.exchange('CONNECT {"verbose":false,"pedantic":false}\r\nPING\r\n', (answer) =>
    answer.endsWith('PONG\r\n'),
  )
  return link
}

/** Asks the JetStream API and resolves to its answer. */
async function api(link: Link, subject: string, request: unknown): Promise<Record<string, unknown>> {
  const body = JSON.stringify(request)
  const lines = `SUB a 9\r\nUNSUB 9 1\r\nPUB $JS.API.${subject} a ${body.length}\r\n${body}\r\n`
  const answer = await link.exchange(lines, (a) => a.endsWith('}\r\n'))
  const said = JSON.parse(answer.slice(answer.indexOf('{')))
  if (said.error !== undefined)
    throw new Error(`nats-server refused ${subject}: ${JSON.stringify(said.error)}`)
  return said
}

async function createStream(link: Link, n: number, retention: Retention): Promise<void> {
  const name = `S${n}`
  await api(link, `STREAM.CREATE.${name}`, { name, subjects: [`m.${n}`], storage: 'file', retention })
}

async function createConsumer(link: Link, n: number): Promise<void> {
  await api(link, `CONSUMER.DURABLE.CREATE.S${n}.c${n}`, {
    stream_name: `S${n}`,
    config: {
      durable_name: `c${n}`,
      deliver_subject: `d.${n}`,
      deliver_policy: 'all',
      ack_policy: 'explicit',
      max_ack_pending: 1_000_000,
    },
  })
}

/** Whether everything for a recipient was delivered and its acknowledgements taken in. */
async function isSettled(link: Link, n: number): Promise<boolean> {
  const info = await api(link, `CONSUMER.INFO.S${n}.c${n}`, {})
  return info.num_pending === 0 && info.num_ack_pending === 0
}

/** The number between `from` and `end`; where there is no reply subject, the server leaves an empty one before it. */
function lengthAt(bytes: Buffer, from: number, end: number): number {
  let length = 0
  for (let i = from; i < end; i++) if (bytes[i] !== SPACE) length = length * 10 + (bytes[i] as number) - 48
  return length
}

async function createSender(link: Link, n: number, load: Load): Promise<Sender> {
  const frame = Buffer.concat([Buffer.from(`PUB m.${n} r.${n} ${TEXT_BYTES}\r\n`), TEXT, Buffer.from('\r\n')])
  const textAt = frame.length - TEXT_BYTES - 2
  await link.exchange(`SUB r.${n} 1\r\nPING\r\n`, (answer) => answer.endsWith('PONG\r\n'))
  const sender: Sender = {
    send(first, count) {
      link.reserve(count * frame.length)
      for (let i = 0; i < count; i++) {
        link.out.set(frame, link.length)
        putNumber(link.out, link.length + textAt, first + i)
        link.length += frame.length
      }
      link.flush()
    },
  }
  // MSG r.0 1  <length>\r\n{"stream":"S0", "seq":1}\r\n
  const headBytes = `MSG r.${n} 1 `.length
  link.receive = (bytes, end) => {
    let count = 0
    let at = 0
    while (at < end) {
      const line = bytes.indexOf(NEWLINE, at)
      if (line === -1 || line >= end) break
      if (bytes[at] === M) {
        const length = lengthAt(bytes, at + headBytes, line - 1)
        const next = line + 1 + length + 2
        if (next > end) break
        // {"error":…
        if (bytes[line + 3] === E) return load.unexpected(bytes, at, end)
        count++
        at = next
      } else if (bytes[at] === P) {
        link.put(PONG)
        at = line + 1
      } else return load.unexpected(bytes, at, end)
    }
    if (count > 0) load.acknowledged(sender, count)
    link.flush()
    return at
  }
  return sender
}

async function receive(link: Link, n: number, load: Load): Promise<void> {
  await link.exchange(`SUB d.${n} 1\r\nPING\r\n`, (answer) => answer.endsWith('PONG\r\n'))
  // MSG d.0 1 $JS.ACK.S0.c0.1.1.1.1700000000000000000.0 100\r\n<text>\r\n
  const headBytes = `MSG d.${n} 1 `.length
  const tailBytes = ` ${TEXT_BYTES}\r\n`.length
  link.receive = (bytes, end) => {
    const now = performance.now()
    let at = 0
    while (at < end) {
      if (bytes[at] === M) {
        const reply = at + headBytes
        const space = bytes.indexOf(SPACE, reply)
        const next = space + tailBytes + TEXT_BYTES + 2
        if (space === -1 || next > end) break
        load.arrived(numberAt(bytes, space + tailBytes), now)
        link.reserve(PUB.length + space - reply + EMPTY.length)
        link.out.set(PUB, link.length)
        bytes.copy(link.out, link.length + PUB.length, reply, space)
        link.length += PUB.length + space - reply
        link.out.set(EMPTY, link.length)
        link.length += EMPTY.length
        at = next
      } else if (bytes[at] === P) {
        const line = bytes.indexOf(NEWLINE, at)
        if (line === -1 || line >= end) break
        link.put(PONG)
        at = line + 1
      } else return load.unexpected(bytes, at, end)
    }
    link.flush()
    load.received()
    return at
  }
}
