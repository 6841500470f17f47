import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { runUserCommand, type UserCommandOptions } from '../../src/cli/user-command.ts'
import { ADMIN_SOCKET, type AdminReply, type AdminRequest } from '../../src/wire/admin.ts'
import { makeTempFolder, removeTempFolders } from '../support/temp-folder.ts'

/** C0, DEL, C1, bidi controls, a line separator: no server lets such a name in, and a terminal must not get it from one either. */
const HARMFUL = 'a\u001b[2J\u007f\u009b31m\u202ezil\u2066\u2028b'
/** Nothing that a terminal obeys but the newline at the end. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it is for
const ONE_HARMLESS_LINE = /^[^\u0000-\u001f\u007f-\u009f\u2028\u2029\p{Bidi_Control}]+\n$/u

afterEach(removeTempFolders)

describe('dms user shows a harmful name as visible escapes', () => {
  const users = [{ user: HARMFUL, credential: true, waiting: 3 }]
  test.each([
    ['list', 'a', { user: HARMFUL, credential: true, waiting: 3 }],
    ['remove', HARMFUL, { user: HARMFUL, removed: true }],
    ['token', HARMFUL, { user: HARMFUL, token: 'a token', expires: '2030-01-01T00:00:00.000Z' }],
    ['add', HARMFUL, { user: HARMFUL, secret: expect.any(String) }],
    ['reset', HARMFUL, { user: HARMFUL, secret: expect.any(String) }],
  ] as const)('%s, and as JSON that means the same to a program', async (action, user, object) => {
    const answer = (request: AdminRequest): AdminReply => {
      if (request.operation === 'list') return { ok: true, users: request.after === '' ? users : [] }
      if (request.operation !== 'token') return { ok: true }
      return { ok: true, token: 'a token', expires: '2030-01-01T00:00:00.000Z' }
    }
    const words = await said(answer, { action, user, json: false })
    expect(words).toMatchObject({ code: 0, stdout: expect.stringMatching(ONE_HARMLESS_LINE) })
    expect(words.stdout).toContain('\\x1b[2J\\x7f\\x9b31m\\u202ezil')
    const json = await said(answer, { action, user, json: true })
    expect(json).toMatchObject({ code: 0, stdout: expect.stringMatching(ONE_HARMLESS_LINE) })
    expect(JSON.parse(json.stdout)).toEqual(object)
  })

  test('in what a server refuses', async () => {
    const refuse = (): AdminReply => ({ ok: false, code: 'no-such-user', reason: `there is no ${HARMFUL}` })
    const { code, stdout, stderr } = await said(refuse, { action: 'remove', user: HARMFUL, json: true })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(ONE_HARMLESS_LINE)
  })
})

/** Runs a command against a stand-in for a server that answers so. */
async function said(
  answer: (request: AdminRequest) => AdminReply,
  options: Pick<UserCommandOptions, 'action' | 'user' | 'json'>,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const folder = await makeTempFolder()
  const server = createServer((socket) => {
    socket.once('data', (line) => socket.end(JSON.stringify(answer(JSON.parse(String(line))))))
  })
  server.listen(join(folder, ADMIN_SOCKET))
  await once(server, 'listening')
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const io = { stdin: process.stdin, stdout, stderr }
  const code = await runUserCommand({ ...options, folder, password: false, days: 1 }, io)
  stdout.end()
  stderr.end()
  server.close()
  await once(server, 'close')
  return { code, stdout: await text(stdout), stderr: await text(stderr) }
}
