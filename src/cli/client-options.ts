import type { Protocol } from '../client/connect.ts'

/** How the command-line client was started: flags, environment and defaults, already checked. */
export interface ClientOptions {
  /** `-s`: the server's host name or address. */
  readonly server: string
  /** `-p`: the server's port. */
  readonly port: number
  /** `--wsdl`: where the text service describes itself. */
  readonly wsdl: string
  /** `--no-trim` makes it false: messages are sent as typed, and the text service is not needed. */
  readonly trim: boolean
  /** `--legacy`: the original protocol (wire-protocol 1), otherwise the session protocol (wire-protocol 2). */
  readonly protocol: Protocol
  /** `--tls`: the port is the server's TLS port. */
  readonly tls: boolean
  /** What `--ca` names: certificates of the authorities to believe, PEM; undefined: those that Node knows. */
  readonly ca: string | undefined
  /** `--json`: one JSON object per line in place of the words of wire-protocol 4. */
  readonly json: boolean
  /** `--raw`: what peers sent is shown as it is, where the output is no terminal (reliability, security). */
  readonly raw: boolean
  /** `--credentials`: where the secrets are kept that REGISTER makes. */
  readonly credentialsFile: string
  /** `DMS_PASSWORD`, for where nobody can be asked; undefined: none. There is no flag: others could read it in the list of processes. */
  readonly password: string | undefined
  /** Where it is kept what was shown, so that nothing is shown twice. */
  readonly shownFolder: string
  /** `--downloads`: where files that come in are saved. */
  readonly downloadsFolder: string
  /** Where typed lines are kept between runs; undefined: nowhere. Used at a terminal only. */
  readonly historyFile: string | undefined
  /** False with `NO_COLOR`. There is colour at a terminal only. */
  readonly color: boolean
  /** The longest that one request, or one call of the text service, may take, in milliseconds. */
  readonly timeoutMs: number
}

/** What a command does that is over when it has done it: `dms send`, `dms listen`, `dms users`. */
export type Verb =
  /** `text` undefined: standard input is the message. */
  | { readonly name: 'send'; readonly as: string; readonly to: string; readonly text: string | undefined }
  /** `text` undefined: standard input is the message. */
  | {
      readonly name: 'sendattach'
      readonly as: string
      readonly to: string
      readonly file: string
      readonly text: string | undefined
    }
  /** `count` undefined: until a signal. */
  | { readonly name: 'listen'; readonly as: string; readonly count: number | undefined }
  | { readonly name: 'users'; readonly as: string; readonly prefix: string }

/** Where the client reads and writes: `process`, or a test's streams. */
export interface ClientIo {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
}
