import { describeWith } from '../support/describe-with.ts'
import { EAGER_CHECKPOINTS, type ServerProcess, startServerProcess } from '../support/server-process.ts'
import { dialSessionPeer, type SessionPeer } from '../support/session-peer.ts'
import { makeTempFolder, removeTempFolders } from '../support/temp-folder.ts'
import { openCrowd } from './crowd.ts'

/** Reliability R6, in short; `npm run soak:crowd` is the long one. */
describe('many who come at once', () => {
  let server: ServerProcess

  afterEach(async () => {
    await server.kill()
    await removeTempFolders()
  })

  test('are all served', async () => {
    server = await startServerProcess({ folder: await makeTempFolder() })
    expect(await openCrowd(server.port, 500, 500)).toMatchObject({ served: 500, turnedAway: 0 })
  })

  describeWith('util-linux')('and for whom the system has no room', () => {
    test('cost nobody else a message; when they have gone others come in again', async () => {
      const under = ['prlimit', '--nofile=80:80']
      // The segments of its log end all the time, and each needs a descriptor.
      server = await startServerProcess({ folder: await makeTempFolder(), under, flags: EAGER_CHECKPOINTS })
      const ann = await open()
      ann.send(['REGISTER', 'r', 'ann', ''], ['CONNECT', 'c', 'ann', ''])
      expect((await ann.reply('c'))[0]).toBe('OK')

      const crowd: SessionPeer[] = []
      for (let n = 0; n < 150; n++) crowd.push(await dialSessionPeer(server.port))
      for (let n = 0; n < 50; n++) {
        expect((await ann.ask('SEND', 'ann', `text ${n}`))[0]).toBe('OK')
        const message = await ann.take('SEND_MESSAGE')
        expect(message.at(-1)).toBe(`text ${n}`)
        ann.confirm(message)
        ann.confirm(await ann.take('SEND_MESS_ACK'))
      }
      await Promise.race(crowd.map(({ closed }) => closed))
      for (const peer of crowd) await peer.close()

      const later = await open()
      expect(await later.ask('REGISTER', 'bob', '')).toEqual(['OK', ''])
      server.signal('SIGTERM')
      expect(await server.ended).toMatchObject({ code: 0 })
    })
  })

  /** A session, as soon as there is room for one. */
  async function open(): Promise<SessionPeer> {
    for (;;) {
      const peer = await dialSessionPeer(server.port)
      peer.send(['SESSION', 1])
      if (
        await peer.take('SESSION').then(
          () => true,
          () => false,
        )
      )
        return peer
    }
  }
})
