import { connect } from 'node:net'
import fc from 'fast-check'
import { FAULT_CODES } from '../../src/domain/fault.ts'
import { LEGACY_OPERATIONS } from '../../src/wire/legacy.ts'
import { SERVER_FRAMES, SESSION_NOTES, SESSION_REQUESTS, SessionDecoder } from '../../src/wire/session.ts'
import { type ServerProcess, startServerProcess } from '../support/server-process.ts'
import { dialSessionPeer } from '../support/session-peer.ts'
import { makeTempFolder, removeTempFolders } from '../support/temp-folder.ts'

/** `FUZZ_RUNS=20000 npm test -- test/hardening/fuzz` for a long one. */
const RUNS = Number(process.env.FUZZ_RUNS ?? 400)

/** Words of both protocols, so that nonsense gets past the first look. */
const WORDS = [
  ...Object.keys(SESSION_REQUESTS),
  ...Object.keys(SESSION_NOTES),
  ...Object.keys(LEGACY_OPERATIONS),
  ...[
    '1',
    'r',
    'ann',
    'takeover',
    'n,,n=ann,r=abc',
    'c=biws,r=abc,p=AAAA',
    '0',
    '-1',
    '9'.repeat(20),
    '40000',
  ],
  ...[
    'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:eA==',
    '../..',
    '%s%n',
  ],
]

const field = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...WORDS).map((word) => Buffer.from(word)) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }).map((text) => Buffer.from(text)) },
  fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom(100, 70_000, 200_000).map((length) => Buffer.alloc(length, 'x')),
)
const end = fc.constantFrom('\0', '\0', '\0', '\0', '\n', '').map((text) => Buffer.from(text))
const OPENINGS = ['SESSION\x001\0', 'SESSION\x001\0REGISTER\0r\0ann\0\0CONNECT\0c\0ann\0takeover\0', '']

/** What somebody sends on one connection, chunk by chunk. */
const chunks = fc
  .tuple(
    fc.constantFrom(...OPENINGS).map((text) => Buffer.from(text)),
    fc.array(fc.tuple(field, end).map(Buffer.concat), { maxLength: 25 }),
    fc.array(fc.nat({ max: 400 }), { maxLength: 6 }),
  )
  .map(([opening, fields, cuts]) => {
    const bytes = Buffer.concat([opening, ...fields])
    const places = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length]
    return places.slice(1).map((to, at) => bytes.subarray(places[at], to))
  })

/** Reliability R8: nonsense on the port of both protocols. The server is a process of its own, so that a crash is one. */
describe('nonsense', () => {
  let server: ServerProcess

  beforeAll(async () => {
    server = await startServerProcess({
      folder: await makeTempFolder(),
      flags: ['--log-level', 'error', '--request-timeout', '1'],
    })
  })
  afterAll(async () => {
    await server.kill()
    await removeTempFolders()
  })

  test('never ends the server, hangs it or makes it say that something was its own fault', async () => {
    await fc.assert(
      fc.asyncProperty(chunks, fc.boolean(), async (sent, rude) => {
        await say(sent, rude)
      }),
      { numRuns: RUNS },
    )
    const peer = await dialSessionPeer(server.port)
    peer.send(['SESSION', 1])
    expect(await peer.ask('PING')).toEqual(['OK', ''])
    await peer.close()
    expect(server.log.filter(({ event }) => event !== 'started')).toEqual([])
    server.signal('SIGTERM')
    expect(await server.ended).toMatchObject({ code: 0 })
  }, 600_000)

  /** Says all of it, and stops speaking, or breaks off. Resolves when the connection is over; every answer is one of the protocols. */
  function say(sent: readonly Uint8Array[], rude: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true })
      const heard: Buffer[] = []
      const hung = setTimeout(() => socket.destroy(new Error('hung')), 10_000)
      let error: Error | undefined
      socket.on('data', (chunk) => heard.push(chunk))
      socket.on('error', ({ message }) => {
        if (message === 'hung') error = new Error('the connection was not closed')
      })
      socket.on('end', () => socket.destroy())
      socket.on('close', () => {
        clearTimeout(hung)
        const answer = Buffer.concat(heard)
        if (error === undefined && (isSessionAnswer(answer, rude) || isLegacyAnswer(answer))) resolve()
        else
          reject(error ?? new Error(`not of either protocol: ${JSON.stringify(answer.toString('latin1'))}`))
      })
      for (const chunk of sent) socket.write(chunk)
      if (rude) socket.write('', () => socket.destroy())
      else socket.end()
    })
  }
})

/** Whole frames of a server, faults with codes that there are. @param broken the last frame may be cut. */
function isSessionAnswer(answer: Buffer, broken: boolean): boolean {
  let good = true
  const decoder = new SessionDecoder(SERVER_FRAMES, 1_000_000, (operation, fields) => {
    if (operation === 'FAULT') good &&= FAULT_CODES.some((code) => code === fields[1]) && fields[2] !== ''
  })
  return decoder.decode(answer) === undefined && good && (broken || decoder.begun === 0)
}

/** Nothing, a reply byte, or an id behind it. */
function isLegacyAnswer(answer: Buffer): boolean {
  const [code = 0, ...id] = answer
  return code <= 3 && /^(?:\d+\0)?$/.test(Buffer.from(id).toString('latin1'))
}
