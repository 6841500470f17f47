import type { ClientIo, ClientOptions } from './client-options.ts'
import type { OutputStyle, Screen } from './output.ts'

/** Plain lines for programs: what was asked for on standard output, hints on standard error. */
export interface Pipes {
  readonly screen: Screen
  readonly style: OutputStyle
}

/** The pipes of a process without a prompt. @param broken called when nobody reads them any more. */
export function createPipes(options: ClientOptions, io: ClientIo, broken: () => void): Pipes {
  const writeTo = (stream: NodeJS.WriteStream) => {
    stream.on('error', broken)
    return (text: string) =>
      new Promise<void>((resolve, reject) => {
        stream.write(`${text}\n`, (error) => {
          if (!error) return resolve()
          broken()
          reject(error)
        })
      })
  }
  return {
    screen: { print: writeTo(io.stdout), hint: writeTo(io.stderr) },
    style: { json: options.json, raw: options.raw && !io.stdout.isTTY, color: false },
  }
}
