import { rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import type { Administration } from '../domain/administration.ts'
import { fromByteString, toByteString } from '../domain/byte-string.ts'
import { Fault } from '../domain/fault.ts'
import {
  ADMIN_SOCKET,
  type AdminReply,
  type AdminRequest,
  type AdminResult,
  MAX_ADMIN_REQUEST,
} from '../wire/admin.ts'

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
    return { ok: true, ...(await carryOut(readRequest(line), administration)) }
  } catch (error) {
    const { code, message } = Fault.from(error)
    return { ok: false, code, reason: message }
  }
}

async function carryOut(request: AdminRequest, administration: Administration): Promise<AdminResult> {
  switch (request.operation) {
    case 'list': {
      const users = await administration.list(toByteString(request.prefix), toByteString(request.after))
      return { users: users.map(({ name, ...rest }) => ({ user: fromByteString(name), ...rest })) }
    }
    case 'token': {
      const { token, expires } = await administration.token(toByteString(request.user), request.days)
      return { token, expires: new Date(expires * 1000).toISOString() }
    }
    case 'remove':
      await administration.remove(toByteString(request.user))
      return {}
    case 'add':
    case 'reset':
      await administration[request.operation](toByteString(request.user), toByteString(request.verifier))
      return {}
  }
}

/** Which members each operation must have, and of what type. */
const MEMBERS: Readonly<Record<AdminRequest['operation'], Readonly<Record<string, 'string' | 'number'>>>> = {
  add: { user: 'string', verifier: 'string' },
  reset: { user: 'string', verifier: 'string' },
  token: { user: 'string', days: 'number' },
  remove: { user: 'string' },
  list: { prefix: 'string', after: 'string' },
}

/** Reads a request. Throws `invalid-request`. */
function readRequest(line: string): AdminRequest {
  const request = parseObject(line)
  const operation = request.get('operation')
  if (typeof operation === 'string' && Object.hasOwn(MEMBERS, operation)) {
    const wanted = MEMBERS[operation as AdminRequest['operation']]
    if (Object.entries(wanted).every(([name, type]) => typeof request.get(name) === type)) {
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
