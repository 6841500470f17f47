import type { FaultCode } from '../domain/fault.ts'

/** What goes over a server's administration socket: one JSON object a line each way, one request a connection. */

/** The file name of the socket, in the data folder. */
export const ADMIN_SOCKET = 'admin.sock'

/** What `dms user` asks for. `verifier` in RFC 5803 form: the secret itself never leaves the person's side. */
export type AdminRequest =
  | { readonly operation: 'add' | 'reset'; readonly user: string; readonly verifier: string }
  | { readonly operation: 'remove'; readonly user: string }
  | { readonly operation: 'list'; readonly prefix: string }

/** A user in a listing. */
export interface AdminUser {
  readonly user: string
  readonly credential: boolean
  readonly waiting: number
}

/** The answer. */
export type AdminReply =
  | { readonly ok: true; readonly users?: readonly AdminUser[] }
  | { readonly ok: false; readonly code: FaultCode; readonly reason: string }

/** The longest request, in bytes. */
export const MAX_ADMIN_REQUEST = 4096
