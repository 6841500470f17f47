/** The client library: what `import … from 'distributed-messaging-service'` offers. docs/client.md explains it. */
export type {
  ClientState,
  Incoming,
  IncomingAttachment,
  IncomingMessage,
  IncomingReceipt,
  OnState,
  RequestOptions,
  UserPresence,
} from './client/client.ts'
export {
  type ConnectOptions,
  connect,
  type Protocol,
  type RegisterOptions,
  register,
  type ServerOptions,
  type Session,
  unregister,
} from './client/connect.ts'
export { CannotConnect, DamagedFile, TimedOut } from './client/errors.ts'
export type { OutgoingFile } from './client/outgoing-file.ts'
export type { BackoffLimits } from './client/reconnect.ts'
export { UnprovenServer } from './client/scram.ts'
export { Fault, type FaultCode } from './domain/fault.ts'
