import { writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { Link } from './link.ts'
import type { Load, Sender } from './load.ts'
import { startServer, versionOf } from './server.ts'
import type { System } from './system.ts'
import { numberAt, putNumber, TEXT, TEXT_BYTES } from './text.ts'

// MQTT 3.1.1, 2.2.1: packet types with the flags that are used here.
const CONNECT = 0x10
const CONNACK = 0x20
const PUBLISH = 0x30
const PUBACK = 0x40
const SUBSCRIBE = 0x82
const SUBACK = 0x90
const PINGREQ = Buffer.of(0xc0, 0)
const PINGRESP = 0xd0
const QOS_1 = 0x02
const KEEP_SESSION = 0x00

const string = (text: string): Buffer =>
  Buffer.concat([Buffer.of(text.length >> 8, text.length & 255), Buffer.from(text)])

/** A packet with less than 128 bytes after its fixed header. */
function packet(type: number, ...parts: Buffer[]): Buffer {
  const rest = Buffer.concat(parts)
  return Buffer.concat([Buffer.of(type, rest.length), rest])
}

/**
 * mosquitto: QoS 1 on both hops, each confirmed with PUBACK; sessions that outlive their connections; persistence on,
 * at its default interval. No limits that would make it drop. TCP_NODELAY where latency is what counts, and not where
 * throughput is (mosquitto.conf(5), set_tcp_nodelay): it writes each packet by itself.
 */
export const mosquitto: System = {
  name: 'mosquitto',
  note: 'QoS 1 on both hops, sessions that persist. It acknowledges from memory, and writes its database every 30 minutes.',
  version: () => versionOf('mosquitto', '-h', /mosquitto version (\S+)/),

  start: (window) =>
    startServer('mosquitto', (port, folder) => {
      const file = join(folder, 'mosquitto.conf')
      const lines = [
        `listener ${port} 127.0.0.1`,
        'allow_anonymous true',
        `user ${userInfo().username}`,
        'persistence true',
        `persistence_location ${folder}/`,
        'max_inflight_messages 0',
        'max_queued_messages 0',
        `set_tcp_nodelay ${window === 1}`,
        'sys_interval 0',
        'log_dest none',
      ]
      writeFileSync(file, `${lines.join('\n')}\n`)
      return ['mosquitto', '-c', file]
    }),

  async connect(port, pairs, load) {
    const open = (n: number, role: string) => openClient(port, `${role}${n}`, load)
    const numbers = Array.from({ length: pairs }, (_, n) => n)
    const recipients = await Promise.all(
      numbers.map(async (n) => await receive(await open(n, 'to'), `to/${n}`, load)),
    )
    const links = await Promise.all(numbers.map((n) => open(n, 'from')))
    return {
      senders: links.map((link, n) => createSender(link, `to/${n}`, load)),
      async settled() {
        await Promise.all(recipients.map((recipient) => recipient.ping(PINGREQ)))
      },
      close() {
        for (const link of [...links, ...recipients]) link.close()
      },
    }
  },
}

async function openClient(port: number, id: string, load: Load): Promise<Link> {
  const link = await Link.open(port, (why) => load.fail(why))
  const level = Buffer.of(4, KEEP_SESSION, 0, 0)
  const answer = await link.exchange(packet(CONNECT, string('MQTT'), level, string(id)), (a) => a.length >= 4)
  if (answer.charCodeAt(0) !== CONNACK || answer.charCodeAt(3) !== 0)
    throw new Error('mosquitto refused CONNECT')
  return link
}

function createSender(link: Link, topic: string, load: Load): Sender {
  const frame = packet(PUBLISH | QOS_1, string(topic), Buffer.of(0, 0), TEXT)
  const idAt = frame.length - TEXT_BYTES - 2
  let id = 0
  const sender: Sender = {
    send(first, count) {
      link.reserve(count * frame.length)
      for (let n = 0; n < count; n++) {
        const at = link.length
        link.out.set(frame, at)
        id = id === 65_535 ? 1 : id + 1
        link.out[at + idAt] = id >> 8
        link.out[at + idAt + 1] = id & 255
        putNumber(link.out, at + idAt + 2, first + n)
        link.length += frame.length
      }
      link.flush()
    },
  }
  link.receive = (bytes, end) => {
    let at = 0
    for (; at + 4 <= end; at += 4) if (bytes[at] !== PUBACK) return load.unexpected(bytes, at, end)
    load.acknowledged(sender, at / 4)
    return at
  }
  return sender
}

async function receive(link: Link, topic: string, load: Load): Promise<Link> {
  const asked = packet(SUBSCRIBE, Buffer.of(0, 1), string(topic), Buffer.of(1))
  const answer = await link.exchange(asked, (a) => a.length >= 5)
  if (answer.charCodeAt(0) !== SUBACK || answer.charCodeAt(4) !== 1)
    throw new Error('mosquitto refused SUBSCRIBE')
  link.receive = (bytes, end) => {
    const now = performance.now()
    let at = 0
    while (at + 2 <= end) {
      const length = bytes[at + 1] as number
      const next = at + 2 + length
      if (next > end) break
      const type = bytes[at]
      if (type === (PUBLISH | QOS_1)) {
        const idAt = next - TEXT_BYTES - 2
        load.arrived(numberAt(bytes, idAt + 2), now)
        link.reserve(4)
        link.out[link.length++] = PUBACK
        link.out[link.length++] = 2
        link.out[link.length++] = bytes[idAt] as number
        link.out[link.length++] = bytes[idAt + 1] as number
      } else if (type === PINGRESP) link.pong?.()
      else return load.unexpected(bytes, at, end)
      at = next
    }
    link.flush()
    load.received()
    return at
  }
  return link
}
