import { connect } from 'node:net'
import { join } from 'node:path'
import { Fault } from '../domain/fault.ts'
import {
  ADMIN_SOCKET,
  type AdminReply,
  type AdminRequest,
  type AdminResult,
  type AdminUser,
} from '../wire/admin.ts'
import { CannotConnect } from './errors.ts'

/**
 * Asks the server that uses this data folder. Resolves to what was asked for. Rejects
 * with the server's `Fault`, or with `CannotConnect` when no server uses the folder or its owner is somebody else.
 */
export async function askAdmin(folder: string, request: AdminRequest): Promise<AdminResult> {
  const reply = await exchange(join(folder, ADMIN_SOCKET), `${JSON.stringify(request)}\n`)
  if (!reply.ok) throw new Fault(reply.code, reply.reason)
  return reply
}

/** All users whose names start with `prefix`, in order, asked for a page at a time. Throws like `askAdmin`. */
export async function* listUsers(folder: string, prefix: string): AsyncGenerator<AdminUser> {
  let after = ''
  for (;;) {
    const { users = [] } = await askAdmin(folder, { operation: 'list', prefix, after })
    const last = users.at(-1)
    if (last === undefined) return
    yield* users
    after = last.user
  }
}

function exchange(path: string, line: string): Promise<AdminReply> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    let reply = ''
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      reply += chunk
    })
    socket.on('error', ({ code }: NodeJS.ErrnoException) => {
      const why =
        code === 'EACCES'
          ? 'only the user who runs the server may do this'
          : 'no server runs on this data folder: start one, or name its folder with --data'
      reject(new CannotConnect(path, `${path}: ${why}`))
    })
    socket.on('end', () => {
      try {
        resolve(JSON.parse(reply))
      } catch {
        reject(new CannotConnect(path, `${path}: the server closed without an answer`))
      }
    })
    socket.write(line)
  })
}
