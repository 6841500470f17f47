import type { Observer } from '../../domain/observer.ts'

/** Runs a decoder; undefined when the record is damaged, which is then reported. */
export type Checked = <T>(database: string, key: Buffer, decode: () => T) => T | undefined

/** A record that is damaged is named, and the rest is served (reliability R9). */
export function createChecked(observer: Observer): Checked {
  return (database, key, decode) => {
    try {
      return decode()
    } catch (error) {
      observer.internalError?.(`damaged record in ${database} at ${key.toString('hex')}`, error)
      return undefined
    }
  }
}

/** Runs a decoder; undefined when the record is damaged, for those who leave it to others to report that. */
export function unlessDamaged<T>(decode: () => T): T | undefined {
  try {
    return decode()
  } catch {
    return undefined
  }
}
