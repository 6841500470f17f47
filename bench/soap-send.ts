/**
 * Send over SOAP with a UsernameToken: 64 clients, each with an account and a connection of its own, kept alive; durable, so
 * that each answer means that the message is synced. Needs wrk.
 *
 *   npm run bench soap-send [-- --rounds 3 --seconds 4 --clients 64 --nonce]
 *
 * `--nonce`: each message has a Nonce, Created and a Timestamp besides, as the Java and .NET libraries write them.
 */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { createVerifier } from '../src/client/scram.ts'
import { startDms } from './support.ts'

const run = promisify(execFile)

const PASSWORD = 'a password of 24 bytes..'
const WSS = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss'
const HEADERS = {
  'Content-Type': 'text/xml; charset=utf-8',
  SOAPAction: '"urn:dms:messaging:1/Send"',
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '4' },
    clients: { type: 'string', default: '64' },
    nonce: { type: 'boolean', default: false },
  },
})
const [rounds, seconds, clients] = [values.rounds, values.seconds, values.clients].map(Number) as [
  number,
  number,
  number,
]

/** A Send; the texts may be what Lua puts in their place. 100 bytes of text. */
function document(user: string, recipient: string, number: string, created: string): string {
  const u = `xmlns:u="${WSS}-wssecurity-utility-1.0.xsd"`
  const nonce = values.nonce
    ? `<w:Nonce EncodingType="${WSS}-soap-message-security-1.0#Base64Binary">${number}</w:Nonce><u:Created ${u}>${created}</u:Created>`
    : ''
  const timestamp = values.nonce ? `<u:Timestamp ${u}><u:Created>${created}</u:Created></u:Timestamp>` : ''
  const type = `${WSS}-username-token-profile-1.0#PasswordText`
  const header = `<w:Security xmlns:w="${WSS}-wssecurity-secext-1.0.xsd" s:mustUnderstand="1">${timestamp}<w:UsernameToken><w:Username>${user}</w:Username><w:Password Type="${type}">${PASSWORD}</w:Password>${nonce}</w:UsernameToken></w:Security>`
  return `<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header>${header}</s:Header><s:Body><Send xmlns="urn:dms:messaging:1"><recipient>${recipient}</recipient><text>${'ten words. '.repeat(9)}.</text></Send></s:Body></s:Envelope>`
}

/** Each request is another client's, and has another number. */
function script(): string {
  const headers = Object.entries(HEADERS).map(([name, value]) => `wrk.headers["${name}"] = '${value}'`)
  const parts = document('\0user\0', '\0peer\0', '\0number\0', '\0created\0').split('\0')
  const lua = parts.map((part, at) => (at % 2 === 0 ? `[==[${part}]==]` : part)).join(' .. ')
  return `wrk.method = "POST"
${headers.join('\n')}
local sent = 0
local begun = os.time()
function request()
  sent = sent + 1
  local user = "user" .. sent % ${clients}
  local peer = "user" .. (sent + 1) % ${clients}
  local number = string.format("%04d%012d", begun % 10000, sent)
  local created = os.date("!%Y-%m-%dT%H:%M:%SZ")
  return wrk.format(nil, nil, nil, ${lua})
end
`
}

async function send(port: number, client: number): Promise<number> {
  const [user, peer] = [`user${client}`, `user${(client + 1) % clients}`]
  const body = document(user, peer, randomBytes(12).toString('base64'), new Date().toISOString())
  const reply = await fetch(`http://127.0.0.1:${port}/messaging`, { method: 'POST', headers: HEADERS, body })
  const answer = await reply.text()
  const id = /<messageId>(\d+)</.exec(answer)?.[1]
  if (id === undefined) throw new Error(answer)
  return Number(id)
}

const server = await startDms()
try {
  const verifier = await createVerifier(PASSWORD, 'generated')
  const registering = connect(server.port, '127.0.0.1')
  const frames = Array.from({ length: clients }, (_, i) => `REGISTER\0${i}\0user${i}\0${verifier}\0`)
  registering.write(`SESSION\x001\0${frames.join('')}`)
  let replies = ''
  while (replies.split('OK\0').length <= clients) replies += (await once(registering, 'data'))[0]
  registering.destroy()

  // Each password once, which costs more than all that follow.
  for (let client = 0; client < clients; client++) await send(server.soapPort, client)
  const file = join(server.folder, 'send.lua')
  await writeFile(file, script())
  const args = [
    '-t1',
    `-c${clients}`,
    '--latency',
    '-s',
    file,
    `http://127.0.0.1:${server.soapPort}/messaging`,
  ]
  await run('wrk', ['-d1s', ...args])
  for (let round = 0; round < rounds; round++) {
    const first = await send(server.soapPort, 0)
    const before = server.cpuSeconds()
    const { stdout } = await run('wrk', [`-d${seconds}s`, ...args])
    const used = server.cpuSeconds() - before
    const refused = /Non-2xx or 3xx responses: (\d+)/.exec(stdout)
    if (refused !== null) throw new Error(`${refused[1]} messages were refused`)
    const answered = Number(/(\d+) requests in/.exec(stdout)?.[1])
    const stored = (await send(server.soapPort, 0)) - first - 1
    if (stored < answered) throw new Error(`${answered} messages were acknowledged and ${stored} stored`)
    const [, p99] = /^\s+99%\s+(\S+)/m.exec(stdout) ?? []
    const rate = Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1])
    console.log(
      `${rate.toFixed(0)} Sends/s over SOAP 1.1, ${clients} clients, each acknowledged when synced   p99 ${p99}   ${((used * 1e6) / answered).toFixed(0)} µs of processor each`,
    )
  }
  await rm(file)
} finally {
  await server.stop()
}
