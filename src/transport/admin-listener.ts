import { rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import type { Administration } from '../domain/administration.ts'
import { fromByteString, toByteString } from '../domain/byte-string.ts'
import { Fault } from '../domain/fault.ts'
import { ADMIN_SOCKET, type AdminReply, type AdminRequest, MAX_ADMIN_REQUEST } from '../wire/admin.ts'

/** How long a request may take to arrive, in milliseconds. */
const REQUEST_TIMEOUT_MS = 5000

/** A listening administration socket. */
export interface AdminListener {
  close(): Promise<void>
}

/**
 * Opens the administration socket in the data folder. Whoever can open the socket may do everything, so only its owner
 * can (mode 0600). Rejects with the error of listen(2).
 */
export async function openAdminListener(
  folder: string,
  administration: Administration,
): Promise<AdminListener> {
  const path = join(folder, ADMIN_SOCKET)
  // The folder is ours alone (folder-lock), so what stands there was left by a server that was killed.
  rmSync(path, { force: true })
  const server = createServer({ allowHalfOpen: true }, (socket) => serve(socket, administration))
  const before = process.umask(0o177)
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(path, resolve)
    })
  } finally {
    process.umask(before)
  }
  return { close: () => new Promise((resolve) => server.close(() => resolve())) }
}

function serve(socket: Socket, administration: Administration): void {
  let line = ''
  socket.setEncoding('utf8')
  socket.setTimeout(REQUEST_TIMEOUT_MS, () => socket.destroy())
  socket.on('error', () => {})
  socket.on('end', () => socket.destroy())
  socket.on('data', (chunk: string) => {
    line += chunk
    const end = line.indexOf('\n')
    if (end === -1 && line.length <= MAX_ADMIN_REQUEST) return
    socket.removeAllListeners('data')
    void answer(line.slice(0, end), administration).then((reply) => socket.end(`${JSON.stringify(reply)}\n`))
  })
}

async function answer(line: string, administration: Administration): Promise<AdminReply> {
  try {
    const request = readRequest(line)
    if (request.operation === 'list') {
      const users = await administration.list(toByteString(request.prefix))
      return { ok: true, users: users.map(({ name, ...rest }) => ({ user: fromByteString(name), ...rest })) }
    }
    const user = toByteString(request.user)
    if (request.operation === 'remove') await administration.remove(user)
    else await administration[request.operation](user, toByteString(request.verifier))
    return { ok: true }
  } catch (error) {
    const { code, message } = Fault.from(error)
    return { ok: false, code, reason: message }
  }
}

/** Which members each operation must have, as strings. */
const MEMBERS: Readonly<Record<AdminRequest['operation'], readonly string[]>> = {
  add: ['user', 'verifier'],
  reset: ['user', 'verifier'],
  remove: ['user'],
  list: ['prefix'],
}

/** Reads a request. Throws `invalid-request`. */
function readRequest(line: string): AdminRequest {
  const request = parseObject(line)
  const operation = request.get('operation')
  if (typeof operation === 'string' && Object.hasOwn(MEMBERS, operation)) {
    const wanted = MEMBERS[operation as AdminRequest['operation']]
    if (wanted.every((name) => typeof request.get(name) === 'string')) {
      return Object.fromEntries(request) as unknown as AdminRequest
    }
  }
  throw new Fault('invalid-request', 'not a request of dms user')
}

/** The members of a JSON object; none for anything else. */
function parseObject(line: string): ReadonlyMap<string, unknown> {
  try {
    return new Map(Object.entries(JSON.parse(line)))
  } catch {
    return new Map()
  }
}
