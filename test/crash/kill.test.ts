import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileBytes, sha256 } from '../support/files.ts'
import { type ServerProcess, startServerProcess } from '../support/server-process.ts'
import { makeTempFolder, removeTempFolders } from '../support/temp-folder.ts'
import type { Actor } from './actor.ts'
import { createFileActor } from './file-actor.ts'
import { checkHistory, type HistoryEvent } from './history.ts'
import { killRun } from './kill-run.ts'
import { stableAddress } from './participants.ts'

const KILLS = 20
const SEED = 1

/**
 * Reliability R1, wire-protocol 3. Half of the users are the original's program, which may be shown an item again: the
 * server counts it as delivered when the peer has closed, and one that is killed before that is on disk sends it again.
 * The others are our client, which remembers what it showed and must not show a message twice. Some send files too.
 */
test(`a server that is killed ${KILLS} times under load loses no acknowledged message, no file and no receipt, shows nothing twice, keeps the order, and keeps no file that is not waited for`, async () => {
  const { acknowledged, files, uploadsCut, findings, left, filesLeft } = await killRun({
    kills: KILLS,
    seed: SEED,
  })
  expect(findings).toEqual([])
  expect({ left, filesLeft }).toEqual({ left: 0, filesLeft: 0 })
  expect(acknowledged).toBeGreaterThan(KILLS)
  expect(files).toBeGreaterThan(KILLS / 2)
  expect(uploadsCut).toBeGreaterThan(0)
}, 120_000)

test('a file that is gone after a kill, or has another byte, is found: the users of that load can tell', async () => {
  const folder = await makeTempFolder()
  const address = await stableAddress()
  const history: HistoryEvent[] = []
  let whenSeen = () => {}
  const createActor = (user: string): Actor =>
    createFileActor(user, address, (event) => {
      history.push(event)
      whenSeen()
    })
  const ann = createActor('ann')
  const bob = createActor('bob')
  let server: ServerProcess = await startServerProcess({ folder, port: address.port })
  try {
    for (const actor of [ann, bob]) await actor.register()
    await ann.connect()
    const files = new Map(['whole', 'gone', 'changed'].map((text, i) => [text, fileBytes(20_000, i)]))
    for (const [text, file] of files) {
      history.push({ kind: 'sent', sender: 'ann', recipient: 'bob', text, file: sha256(file) })
      history.push({ kind: 'acknowledged', text, id: await ann.send('bob', text, file) })
    }
    await server.kill()
    const attachments = join(folder, 'attachments')
    for (const name of await readdir(attachments)) {
      const path = join(attachments, name)
      const bytes = await readFile(path)
      if (files.get('gone')?.equals(bytes)) await rm(path)
      if (!files.get('changed')?.equals(bytes)) continue
      bytes[9_999] = ~(bytes[9_999] as number)
      await writeFile(path, bytes)
    }
    server = await startServerProcess({ folder, port: address.port })
    await bob.connect()
    while (history.filter(({ kind }) => kind === 'receipt').length < files.size) {
      await new Promise<void>((resolve) => {
        whenSeen = resolve
      })
    }
  } finally {
    await Promise.all([ann.close(), bob.close()])
    await server.kill()
    await removeTempFolders()
  }
  const lost = checkHistory(history).filter(({ complaint }) => complaint === 'file lost')
  expect(lost.map(({ message }) => message)).toEqual(['gone', 'changed'])
}, 60_000)
