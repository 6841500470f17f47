import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, stat } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describeWith } from '../support/describe-with.ts'
import { MAIN, runDmsToEnd, type ServerProcess, startServerProcess } from '../support/server-process.ts'
import { login } from '../support/session-login.ts'
import { dialSessionPeer, type SessionPeer } from '../support/session-peer.ts'
import { makeTempFolder, removeTempFolders } from '../support/temp-folder.ts'

describe('dms user', () => {
  let folder: string
  let server: ServerProcess

  beforeEach(async () => {
    folder = await makeTempFolder()
    server = await startServerProcess({ folder, flags: ['--registration', 'closed'] })
  })
  afterEach(async () => {
    await server.kill()
    await removeTempFolders()
  })

  const dmsUser = (...args: readonly string[]) => runDmsToEnd(['user', ...args, '--data', folder])
  const secretIn = (stdout: string) => /^\S+ secret: (\S+)\n$/.exec(stdout)?.[1] as string
  const openSession = async (): Promise<SessionPeer> => {
    const peer = await dialSessionPeer(server.port)
    peer.send(['SESSION', 1])
    await peer.take('SESSION')
    return peer
  }

  test('add prints a secret once, which opens the account; nobody registers by himself', async () => {
    const added = await dmsUser('add', 'ann')
    expect(added).toMatchObject({ code: 0, stderr: '' })
    const peer = await openSession()
    expect((await peer.ask('REGISTER', 'bob', ''))[1]).toBe('not-allowed')
    expect((await login(peer, 'ann', secretIn(added.stdout)))[0]).toBe('OK')
    expect(await peer.ask('CONNECT', 'ann', '')).toEqual(['OK', '0'])
    await peer.close()
  })

  test('add refuses a name that is taken, and one that is none', async () => {
    await dmsUser('add', 'ann')
    expect(await dmsUser('add', 'ann')).toMatchObject({ code: 1, stdout: '' })
    const bad = await dmsUser('add', 'a b')
    expect(bad.code).toBe(1)
    expect(bad.stderr).toMatch(/^dms user: .*white space/)
  })

  test('reset gives another secret: the old one opens nothing, and who is present by it is not any more', async () => {
    const old = secretIn((await dmsUser('add', 'ann')).stdout)
    const fresh = secretIn((await dmsUser('reset', 'ann')).stdout)
    const peer = await openSession()
    expect((await login(peer, 'ann', old))[1]).toBe('not-authenticated')
    expect((await login(peer, 'ann', fresh))[0]).toBe('OK')
    await peer.ask('CONNECT', 'ann', '')
    await dmsUser('reset', 'ann')
    expect(await peer.take('BYE')).toEqual(['BYE', 'credential'])
    expect((await dmsUser('reset', 'nobody')).code).toBe(1)
    await peer.close()
  })

  test('remove takes the account and its mailbox away, and says goodbye to its session', async () => {
    const secret = secretIn((await dmsUser('add', 'ann')).stdout)
    const peer = await openSession()
    await login(peer, 'ann', secret)
    await peer.ask('CONNECT', 'ann', '')
    expect((await dmsUser('remove', 'ann')).stdout).toBe('ann removed\n')
    expect(await peer.take('BYE')).toEqual(['BYE', 'unregistered'])
    await peer.closed
    expect((await dmsUser('remove', 'ann')).code).toBe(1)
    expect((await dmsUser('list')).stdout).toBe('')
  })

  test('list names the accounts that begin with a prefix, and what waits for them; also as JSON', async () => {
    const secret = secretIn((await dmsUser('add', 'ann')).stdout)
    await dmsUser('add', 'zoë')
    const peer = await openSession()
    await login(peer, 'ann', secret)
    await peer.ask('CONNECT', 'ann', '')
    await peer.ask('SEND', 'zoë', 'hello')
    expect((await dmsUser('list')).stdout).toBe('ann  credential  0 waiting\nzoë  credential  1 waiting\n')
    expect(JSON.parse((await dmsUser('list', 'zo', '--json')).stdout)).toEqual({
      user: 'zoë',
      credential: true,
      waiting: 1,
    })
    await peer.close()
  })

  test('token prints one that is good for some days, as JSON with its end; not for an account that there is not', async () => {
    await dmsUser('add', 'ann')
    expect(await dmsUser('token', 'ann')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^ann token: dms1\.[\w-]+\.[\w-]{43}\n$/),
    })
    const { token, expires, ...rest } = JSON.parse(
      (await dmsUser('token', 'ann', '--days', '2', '--json')).stdout,
    )
    expect(rest).toEqual({ user: 'ann' })
    const said = Number(/^\d+/.exec(Buffer.from(token.split('.')[1], 'base64url').toString())?.[0])
    expect(new Date(said * 1000).toISOString()).toBe(expires)
    expect(await dmsUser('token', 'bob')).toMatchObject({
      code: 1,
      stderr: 'dms user: there is no such user\n',
    })
    expect(await dmsUser('token', 'ann', '--days', '0')).toMatchObject({ code: 2 })
  })

  test('list shows everybody, also where there are thousands', async () => {
    await server.kill()
    server = await startServerProcess({ folder })
    const registrar = await openSession()
    const names = Array.from({ length: 2_001 }, (_, n) => `user${String(n).padStart(4, '0')}`)
    for (let at = 0; at < names.length; at += 100) {
      await Promise.all(names.slice(at, at + 100).map((name) => registrar.ask('REGISTER', name, '')))
    }
    const { stdout } = await dmsUser('list', 'user')
    expect(stdout.split('\n').slice(0, -1)).toEqual(names.map((name) => `${name}  open  0 waiting`))
    await registrar.close()
  })

  test('nobody but the owner of the server reads or writes anything in the folder', async () => {
    await dmsUser('add', 'ann')
    for (const name of ['.', ...(await readdir(folder, { recursive: true }))]) {
      const { mode } = await stat(join(folder, name))
      expect([name, mode & 0o077]).toEqual([name, 0])
    }
  })

  test('only the owner of the server opens its socket, and a restart takes the place of one that was left', async () => {
    const mode = async () => (await stat(join(folder, 'admin.sock'))).mode & 0o777
    expect(await mode()).toBe(0o600)
    await server.kill()
    server = await startServerProcess({ folder })
    expect(await mode()).toBe(0o600)
    expect((await dmsUser('list')).code).toBe(0)
  })

  test('without a server on the folder the command says so', async () => {
    const none = await runDmsToEnd(['user', 'list', '--data', await makeTempFolder()])
    expect(none).toMatchObject({ code: 3, stdout: '' })
    expect(none.stderr).toMatch(/no server runs on this data folder/)
  })

  describeWith('python3')('with --password, at a terminal', () => {
    test('asks without echo, and the password opens the account', async () => {
      const terminal = fileURLToPath(new URL('../support/terminal.py', import.meta.url))
      const args = ['user', 'add', 'ann', '--password', '--data', folder]
      const child = spawn('python3', [terminal, '80', process.execPath, MAIN, ...args])
      let shown = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        shown += text
        if (/: $/.test(shown)) child.stdin.write('correct horse\r')
      })
      await once(child, 'close')
      expect(shown).toMatch(/password for ann:/)
      expect(shown).toMatch(/ann added/)
      expect(shown).not.toMatch(/horse/)
      const peer = await openSession()
      expect((await login(peer, 'ann', 'correct horse'))[0]).toBe('OK')
      await peer.close()
    })
  })
})

describe('the socket of dms user', () => {
  let folder: string
  let server: ServerProcess

  beforeAll(async () => {
    folder = await makeTempFolder()
    server = await startServerProcess({ folder })
  })
  afterAll(async () => {
    await server.kill()
    await removeTempFolders()
  })

  test.each([
    ['no JSON', 'list\n'],
    ['no object', '[]\n'],
    ['an operation that there is not', '{"operation":"toString"}\n'],
    ['a member that is missing', '{"operation":"add","user":"ann"}\n'],
    ['a member that is no text', '{"operation":"remove","user":{}}\n'],
    ['a token for ever', '{"operation":"token","user":"ann","days":1e9}\n'],
    ['a token for some days in words', '{"operation":"token","user":"ann","days":"2"}\n'],
    ['a verifier that is none', '{"operation":"add","user":"ann","verifier":"secret"}\n'],
    ['no end within 4 KiB', 'x'.repeat(5000)],
  ])('refuses %s', async (_what, request) => {
    const socket = connect(join(folder, 'admin.sock'))
    let reply = ''
    socket.on('data', (chunk) => {
      reply += chunk
    })
    socket.write(request)
    await once(socket, 'close')
    expect(JSON.parse(reply)).toMatchObject({ ok: false, code: 'invalid-request' })
  })
})
