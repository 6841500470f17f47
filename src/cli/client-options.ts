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
  /** `--legacy`: the original protocol (wire-protocol 1), the only one so far. */
  readonly protocol: 'legacy'
  /** `--json`: one JSON object per line in place of the words of wire-protocol 4. */
  readonly json: boolean
  /** `--raw`: what peers sent is shown as it is, where the output is no terminal (reliability, security). */
  readonly raw: boolean
  /** Where typed lines are kept between runs; undefined: nowhere. Used at a terminal only. */
  readonly historyFile: string | undefined
  /** False with `NO_COLOR`. There is colour at a terminal only. */
  readonly color: boolean
  /** The longest that one request, or one call of the text service, may take, in milliseconds. */
  readonly timeoutMs: number
}

/** Where the client reads and writes: `process`, or a test's streams. */
export interface ClientIo {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
}
