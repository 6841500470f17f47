import type { Observer } from '../domain/observer.ts'

/** One observer for several: an event is passed to those who want it, and exists only if somebody does. */
export function combineObservers(observers: readonly Observer[]): Observer {
  const combined: Record<string, (...args: unknown[]) => void> = {}
  for (const event of new Set(observers.flatMap((observer) => Object.keys(observer) as (keyof Observer)[]))) {
    const wanted = observers
      .map((observer) => observer[event] as ((...args: unknown[]) => void) | undefined)
      .filter((method) => method !== undefined)
    combined[event] = (...args) => {
      for (const method of wanted) method(...args)
    }
  }
  return combined as Observer
}
