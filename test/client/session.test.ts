import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Incoming } from '../../src/client/client.ts'
import {
  type ConnectOptions,
  connect,
  type RegisterOptions,
  register,
  type Session,
  unregister,
} from '../../src/client/connect.ts'
import { CannotConnect } from '../../src/client/errors.ts'
import { describeWith } from '../support/describe-with.ts'
import { openServer, type ServerUnderTest } from '../support/server.ts'
import { answerWell, openSessionStandIn } from '../support/session-stand-in.ts'
import { makeTempFolder, removeTempFolders } from '../support/temp-folder.ts'

let server: ServerUnderTest
const opened: { close(): Promise<void> }[] = []

beforeEach(async () => {
  server = await openServer()
})
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close()
  await server.close()
  await removeTempFolders()
})

const at = () => ({ server: '127.0.0.1', port: server.port })

/** A user, made and connected. */
async function session(
  user: string,
  options: Partial<ConnectOptions & RegisterOptions> = {},
): Promise<Session> {
  await register({ ...at(), user, open: true, ...options })
  return again(user, options)
}

/** The same user, connected. */
async function again(user: string, options: Partial<ConnectOptions> = {}): Promise<Session> {
  const connected = await connect({ ...at(), user, ...options })
  opened.push(connected)
  return connected
}

/** The next item, as a loop would get it. */
async function next(items: Session): Promise<Incoming | undefined> {
  return (await items[Symbol.asyncIterator]().next()).value
}

describe.each(['session', 'legacy'] as const)('over the %s protocol', (protocol) => {
  test('what comes in is iterated over until the session is closed', async () => {
    const alice = await session('alice', { protocol })
    const bob = await session('bob', { protocol })
    const seen: unknown[] = []
    const reading = (async () => {
      for await (const item of bob) {
        if (item.kind !== 'message') continue
        seen.push(item.text)
        if (item.text === 'last') void bob.close()
      }
    })()
    const ids: number[] = []
    for (const text of ['first', 'second', 'last']) ids.push(await alice.send('bob', text))
    await reading
    expect(seen).toEqual(['first', 'second', 'last'])
    expect(await next(alice)).toMatchObject({ kind: 'receipt', id: ids[0] })
    expect(await next(bob)).toBeUndefined()
  })

  test('the signal ends the loop with its reason, and the session with it', async () => {
    const stop = new AbortController()
    const alice = await session('alice', { protocol, signal: stop.signal })
    const waiting = next(alice)
    const reason = new Error('enough')
    stop.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    await expect(next(alice)).rejects.toBe(reason)
    await expect(alice.send('alice', 'too late')).rejects.toMatchObject({ code: 'not-connected' })
  })

  test('a signal that has spoken connects nobody', async () => {
    await session('alice', { protocol }).then((alice) => alice.close())
    const signal = AbortSignal.abort(new Error('never'))
    await expect(again('alice', { protocol, signal })).rejects.toThrow('never')
  })
})

describe('a loop that is left', () => {
  test('keeps the item it had in hand for the next loop, and for the next session', async () => {
    const bob = await session('bob')
    for (const text of ['one', 'two']) await bob.send('bob', text)
    const texts = async (of: Session) => {
      for await (const item of of) if (item.kind === 'message') return item.text
      return undefined
    }
    expect(await texts(bob)).toBe('one')
    expect(await texts(bob)).toBe('one')
    await bob.close()
    expect(await texts(await again('bob'))).toBe('one')
  })

  test('has confirmed it if it said so', async () => {
    const bob = await session('bob')
    for (const text of ['one', 'two']) await bob.send('bob', text)
    for await (const item of bob) {
      expect(item).toMatchObject({ text: 'one' })
      bob.confirm()
      break
    }
    await bob.close()
    const later = await again('bob')
    expect(later.waiting).toBe(2) // the second, and the receipt of the first
    expect(await next(later)).toMatchObject({ text: 'two' })
  })
})

test('a session ends its loop with the reason when somebody takes it over', async () => {
  const alice = await session('alice')
  const waiting = next(alice)
  await again('alice', { takeover: true })
  await expect(waiting).rejects.toMatchObject({ name: 'Fault', code: 'already-connected' })
})

test('closing answers what was sent before', async () => {
  const alice = await session('alice')
  const answers = Array.from({ length: 1_000 }, (_, n) => alice.send('alice', `number ${n}`))
  await alice.close()
  expect(await Promise.all(answers)).toHaveLength(1_000)
  expect((await again('alice')).waiting).toBeGreaterThanOrEqual(1_000)
})

test('closing does not wait for a server that is away', async () => {
  const gone = await openSessionStandIn((frame, peer) => {
    if (frame[0] !== 'SEND') answerWell(frame, peer)
    else peer.cut()
  })
  const alice = await connect({ server: '127.0.0.1', port: gone.port, user: 'alice' })
  const answer = alice.send('bob', 'on its way')
  await gone.until('SEND')
  await gone.close()
  const told = expect(answer).rejects.toMatchObject({ code: 'not-connected' })
  await alice.close()
  await told
})

test('registering makes a secret, takes a password, or makes an open account', async () => {
  const secret = await register({ ...at(), user: 'alice' })
  expect(secret).toMatch(/^[\w-]{24}$/)
  await again('alice', { secret })
  await expect(again('alice')).rejects.toMatchObject({ code: 'not-authenticated' })

  expect(await register({ ...at(), user: 'bob', secret: 'my dog’s name' })).toBe('my dog’s name')
  const bob = await again('bob', { secret: 'my dog’s name' })
  const generated = await bob.passwd()
  await bob.close()
  await again('bob', { secret: generated }).then((later) => later.unregister())
  await expect(again('bob', { secret: generated })).rejects.toMatchObject({ name: 'Fault' })

  expect(await register({ ...at(), user: 'carol', open: true })).toBe('')
  const carol = await again('carol')
  expect(await carol.users()).toContainEqual({ name: 'carol', online: true })
  await unregister({ ...at(), user: 'carol' })
  await expect(again('carol')).rejects.toMatchObject({ code: 'no-such-user' })
  await expect(register({ ...at(), user: 'alice' })).rejects.toMatchObject({ code: 'user-exists' })
})

describeWith('openssl')('TLS', () => {
  let cert: string
  let key: string
  let secure: ServerUnderTest

  beforeEach(async () => {
    const folder = await makeTempFolder()
    const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
    execFileSync(
      'openssl',
      [
        ...[
          'req',
          '-x509',
          '-newkey',
          'ec',
          '-pkeyopt',
          'ec_paramgen_curve:prime256v1',
          '-nodes',
          '-days',
          '2',
        ],
        ...['-subj', '/CN=dms.example', '-addext', 'subjectAltName=DNS:dms.example,IP:127.0.0.1'],
        ...['-keyout', keyFile, '-out', certFile],
      ],
      { stdio: 'ignore' },
    )
    cert = readFileSync(certFile, 'utf8')
    key = readFileSync(keyFile, 'utf8')
    secure = await openServer({ tls: { cert, key } })
    opened.push(secure)
  })

  test('a server is believed by its authority, for the name that it was asked for', async () => {
    const there = { server: '127.0.0.1', port: secure.port, tls: true, ca: cert, user: 'alice' }
    await register({ ...there, open: true })
    await connect({ ...there, servername: 'dms.example' }).then((alice) => alice.close())
    const alice = await connect(there)
    opened.push(alice)
    await alice.send('alice', 'nobody else reads this')
    expect(await next(alice)).toMatchObject({ text: 'nobody else reads this' })
    const elsewhere = connect({ ...there, servername: 'elsewhere.example' })
    await expect(elsewhere).rejects.toThrow(CannotConnect)
    await expect(elsewhere).rejects.toThrow(/over TLS .*altnames/)
  })

  test('a server that nobody vouches for is refused, and so is one without TLS', async () => {
    const there = { server: '127.0.0.1', port: secure.port, tls: true, user: 'alice' }
    await expect(connect(there)).rejects.toThrow(/over TLS \(self-signed certificate\): name .* --ca/)
    await expect(connect({ ...there, port: server.port, ca: cert, timeoutMs: 500 })).rejects.toThrow(
      CannotConnect,
    )
    await expect(connect({ ...there, tls: false, timeoutMs: 500 })).rejects.toThrow(CannotConnect)
  })
})
