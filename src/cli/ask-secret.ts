import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'

/** Where a secret is asked for. */
export interface SecretIo {
  readonly stdin: NodeJS.ReadStream
  readonly stderr: NodeJS.WritableStream
}

/** Asks for a secret and shows nothing of what is typed. Where the input is no terminal its next line is the secret. Resolves to '' when the input ends. */
export function askSecret({ stdin, stderr }: SecretIo, question: string): Promise<string> {
  return new Promise((resolve) => {
    const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
    const terminal = stdin.isTTY === true
    const input = createInterface({ input: stdin, output: silent, terminal, historySize: 0 })
    // Only now: from here on the terminal shows nothing by itself, and whoever answers at once is not seen.
    if (terminal) stderr.write(question)
    let answer = ''
    input.once('line', (line) => {
      answer = line
      input.close()
    })
    input.once('SIGINT', () => input.close())
    input.once('close', () => {
      if (terminal) stderr.write('\n')
      resolve(answer)
    })
  })
}
