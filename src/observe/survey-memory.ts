import type { Survey } from '../domain/store.ts'

/** A survey is good for so long, in milliseconds. */
const GOOD_FOR_MS = 5000
/** And for so many times the time that it took: however many users there are, surveys take a twentieth of the time at most. */
const GOOD_FOR_TIMES = 20

/** Remembers a store's survey for some seconds, and takes one at a time: many who ask at once cost no more than one. */
export function createSurveyMemory(now: () => number): (take: () => Promise<Survey>) => Promise<Survey> {
  let survey: Promise<Survey> | undefined
  let goodUntil = Number.POSITIVE_INFINITY

  return (take) => {
    if (survey === undefined || now() >= goodUntil) survey = begin(take)
    return survey
  }

  function begin(take: () => Promise<Survey>): Promise<Survey> {
    const began = now()
    goodUntil = Number.POSITIVE_INFINITY
    const taking = take()
    taking.then(
      () => {
        const ended = now()
        goodUntil = ended + Math.max(GOOD_FOR_MS, (ended - began) * GOOD_FOR_TIMES)
      },
      () => {
        survey = undefined
      },
    )
    return taking
  }
}
