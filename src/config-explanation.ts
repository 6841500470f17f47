/** The command line cannot be understood (exit code 2), or asked for nothing but words (`--help`, 0): what to print. */
export class ConfigExplanation extends Error {
  readonly exitCode: number

  constructor(text: string, { exitCode, ...options }: ErrorOptions & { exitCode: number }) {
    super(text, options)
    this.name = 'ConfigExplanation'
    this.exitCode = exitCode
  }
}

/** A mistake in what was given: exit code 2. */
export function mistake(what: string, cause?: unknown): ConfigExplanation {
  return new ConfigExplanation(`error: ${what}`, { exitCode: 2, cause })
}
