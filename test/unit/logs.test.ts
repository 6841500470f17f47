import { pino } from 'pino'
import { toByteString } from '../../src/domain/byte-string.ts'
import type { Observer } from '../../src/domain/observer.ts'
import type { UserName } from '../../src/domain/user-name.ts'
import { createJsonLog } from '../../src/observe/json-log.ts'
import { createPlainLog } from '../../src/observe/plain-log.ts'
import { user } from '../support/words.ts'

/** Both logs; what they have written. @param level of the JSON log. */
function createLogs(level = 'info') {
  const plain: string[] = []
  const json: string[] = []
  const logs = [
    createPlainLog((line) => plain.push(line)),
    createJsonLog(pino({ base: null, timestamp: false, level }, { write: (line) => json.push(line) })),
  ]
  const tell = (event: (observer: Observer) => void): void => {
    for (const log of logs) event(log)
  }
  return { plain, entries: () => json.map((line) => JSON.parse(line)), tell }
}

describe('the log', () => {
  test('has a line for an authentication that failed, with name, source and code', () => {
    const { plain, entries, tell } = createLogs()
    tell((log) => log.authenticationFailed?.(user('romeo'), '192.0.2.7', 'not-authenticated'))
    expect(plain).toEqual(['s> AUTH romeo FAIL FROM 192.0.2.7: not-authenticated\n'])
    expect(entries()).toEqual([
      {
        level: 40,
        event: 'authentication-failed',
        user: 'romeo',
        source: '192.0.2.7',
        code: 'not-authenticated',
      },
    ])
  })

  test('says so when nobody knows who it was meant to be, and takes the harm out of a name', () => {
    const { plain, entries, tell } = createLogs()
    tell((log) => log.authenticationFailed?.(undefined, '192.0.2.7', 'try-again'))
    const harmful = toByteString('a\x1b[2J\u202e') as UserName
    tell((log) => log.authenticationFailed?.(harmful, '192.0.2.7', 'try-again'))
    expect(plain).toEqual([
      's> AUTH - FAIL FROM 192.0.2.7: try-again\n',
      's> AUTH a\\x1b[2J\\u202e FAIL FROM 192.0.2.7: try-again\n',
    ])
    expect(entries().map((entry) => entry.user)).toEqual([undefined, 'a\\x1b[2J\\u202e'])
  })

  test('takes the harm out of a name that is refused, which may be anything, and shows no more of it than a name may have', () => {
    const { plain, entries, tell } = createLogs()
    tell((log) => {
      log.request?.('REGISTER', toByteString('a\x9b2J\u202e\ns> forged'), 'invalid-name')
      log.request?.('REGISTER', toByteString('x'.repeat(70_000)), 'invalid-name')
    })
    const shown = ['a\\x9b2J\\u202e\\ns> forged', `${'x'.repeat(64)}…`]
    expect(plain).toEqual(shown.map((name) => `s> REGISTER ${name} FAIL\n`))
    expect(entries().map(({ user }) => user)).toEqual(shown)
  })

  test('tells of messages in the words of the original, never their texts; in JSON from level debug on', () => {
    const { plain, entries, tell } = createLogs('debug')
    tell((log) => {
      log.accepted?.(0, user('romeo'), user('juliet'), false)
      log.accepted?.(1, user('romeo'), user('juliet'), true)
      log.delivered?.(1, user('romeo'), user('juliet'))
    })
    expect(plain).toEqual([
      's> MESSAGE 0 FROM romeo TO juliet STORED\n',
      's> SEND MESSAGE 1 FROM romeo TO juliet\n',
    ])
    const pair = { level: 20, sender: 'romeo', recipient: 'juliet' }
    expect(entries()).toEqual([
      { ...pair, event: 'accepted', id: 0, present: false },
      { ...pair, event: 'accepted', id: 1, present: true },
      { ...pair, event: 'delivered', id: 1 },
    ])
    const quiet = createLogs()
    quiet.tell((log) => log.accepted?.(0, user('romeo'), user('juliet'), false))
    expect(quiet.entries()).toEqual([])
  })

  test('makes the reason of a SOAP fault harmless', () => {
    const { plain, entries, tell } = createLogs()
    tell((log) => log.soapFault?.('c1', 'Send', 'no \x9b\u202e here', 'Client'))
    expect(plain).toEqual(['s> SOAP fault c1 Send: no \\x9b\\u202e here\n'])
    expect(entries().map(({ why }) => why)).toEqual(['no \\x9b\\u202e here'])
  })

  test('has one line for a request, and none for those that come all the time or beyond a limit', () => {
    const { plain, entries, tell } = createLogs()
    tell((log) => {
      log.request?.('CONNECT', user('romeo'), 'ok')
      log.request?.('CONNECT', user('romeo'), 'no-such-user')
      log.request?.('AUTH', user('romeo'), 'not-authenticated')
      log.request?.('USERS', user('romeo'), 'ok')
      log.request?.('PING', user('romeo'), 'ok')
      log.request?.('SEND', user('romeo'), 'ok')
      log.request?.('SEND', user('romeo'), 'not-connected')
      log.request?.('CONNECT', user('romeo'), 'try-again')
    })
    expect(plain).toEqual(['s> CONNECT romeo OK\n', 's> CONNECT romeo FAIL\n', 's> SEND romeo FAIL\n'])
    expect(entries().map(({ verb, outcome }) => [verb, outcome])).toEqual([
      ['CONNECT', 'ok'],
      ['CONNECT', 'no-such-user'],
      ['SEND', 'not-connected'],
    ])
  })
})
