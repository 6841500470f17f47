import type { ClientState } from '../client/client.ts'

/** Is the server away, and what waits for that to change. The original protocol never says so. */
export interface Link {
  /** The server is being looked for. */
  readonly away: boolean
  /** Nobody waits for it any more. */
  readonly over: boolean
  /** Takes each change of the connection. */
  changed(change: ClientState): void
  /** Resolves when the server is away. */
  lost(): Promise<void>
  /** Resolves when it is not: it is back, or nobody waits for it. */
  settled(): Promise<void>
  /** Nobody waits for it any more. */
  end(): void
}

/** A link to a server that is not away. */
export function createLink(): Link {
  let over = false
  let away = false
  let change = announcement()

  const turn = (next: boolean) => {
    if (away === next) return
    away = next
    change.announce()
    change = announcement()
  }
  return {
    get away() {
      return away
    },
    get over() {
      return over
    },
    changed: ({ state }) => turn(state === 'lost'),
    lost: async () => (away ? undefined : change.made),
    settled: async () => (away ? change.made : undefined),
    end() {
      over = true
      turn(false)
    },
  }
}

function announcement() {
  let announce = () => {}
  const made = new Promise<void>((resolve) => {
    announce = resolve
  })
  return { made, announce }
}
