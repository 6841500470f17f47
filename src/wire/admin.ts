import type { FaultCode } from '../domain/fault.ts'

/** What goes over a server's administration socket: one JSON object a line each way, one request a connection. */

/** The file name of the socket, in the data folder. */
export const ADMIN_SOCKET = 'admin.sock'

/** What `dms user` asks for. `verifier` in RFC 5803 form: the secret itself never leaves the person's side. */
export type AdminRequest =
  | { readonly operation: 'add' | 'reset'; readonly user: string; readonly verifier: string }
  | { readonly operation: 'token'; readonly user: string; readonly days: number }
  | { readonly operation: 'remove'; readonly user: string }
  /** A page of users, those after `after`; empty: from the first. The page after the last is empty. */
  | { readonly operation: 'list'; readonly prefix: string; readonly after: string }

/** A user in a listing. */
export interface AdminUser {
  readonly user: string
  readonly credential: boolean
  readonly waiting: number
}

/** What was asked for: the users of a listing; a token, and until when it is good (ISO 8601, UTC). */
export interface AdminResult {
  readonly users?: readonly AdminUser[]
  readonly token?: string
  readonly expires?: string
}

/** The answer. */
export type AdminReply =
  | ({ readonly ok: true } & AdminResult)
  | { readonly ok: false; readonly code: FaultCode; readonly reason: string }

/** The longest request, in bytes. */
export const MAX_ADMIN_REQUEST = 4096
