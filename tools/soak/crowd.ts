/**
 * Reliability R6, at length: new users who connect in a few seconds, each with a message to himself, again and again; and
 * a server that has not enough file descriptors for them, which serves those whom it has taken and later the others.
 *
 *   npm run soak:crowd [-- --people 10000 --within 5000]
 */
import { parseArgs } from 'node:util'
import { type Crowd, openCrowd } from '../../test/hardening/crowd.ts'
import { ownMemory } from '../../test/hardening/slow-peers.ts'
import { startServerProcess } from '../../test/support/server-process.ts'
import { makeTempFolder, removeTempFolders } from '../../test/support/temp-folder.ts'

const { values } = parseArgs({
  options: { people: { type: 'string', default: '10000' }, within: { type: 'string', default: '5000' } },
})
const people = Number(values.people)
const within = Number(values.within)

/** What came of one server. */
interface Result {
  readonly files: 'enough' | 'too few'
  readonly first: Crowd
  /** When the first had gone. */
  readonly second: Crowd
  /** Bytes of the server's own memory for each of the first. */
  readonly memory: number
  readonly complaints: number
  readonly exit: number | null
}

const results: Result[] = []
for (const under of [[], ['prlimit', `--nofile=${Math.floor(people / 2)}`]]) {
  const folder = await makeTempFolder()
  const server = await startServerProcess({ folder, flags: ['--log-level', 'error'], under })
  const before = ownMemory(server.pid)
  const first = await openCrowd(server.port, people, within)
  const memory = Math.round((ownMemory(server.pid) - before) / people)
  const second = await openCrowd(server.port, Math.floor(people / 10), within / 10, 'later')
  server.signal('SIGTERM')
  const { code } = await server.ended
  const complaints = server.log.filter(({ event }) => event !== 'started').length
  results.push({
    files: under.length === 0 ? 'enough' : 'too few',
    first,
    second,
    memory,
    complaints,
    exit: code,
  })
}
for (const result of results) process.stdout.write(`${JSON.stringify(result)}\n`)
await removeTempFolders()
const [enough, tooFew] = results
const good =
  enough?.first.turnedAway === 0 && tooFew?.second.turnedAway === 0 && results.every(({ exit }) => exit === 0)
process.exit(good ? 0 : 1)
