import type { SimpleType } from './simple-type.ts'

const DATE = '(-?)([1-9][0-9]{4,8}|[0-9]{4})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])'
const TIME = '(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]+)?|24:00:00(?:\\.0+)?)'
const ZONE = '(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))?'

function daysOfMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

/** Values are text as it was written, for no type of JavaScript holds all of them; `new Date` reads those with a zone. */
function dateType(
  name: string,
  pattern: string,
  sample: string,
  fromDate: (iso: string) => string,
): SimpleType {
  const whole = new RegExp(`^${pattern}$`)
  const isValid = (text: string): boolean => {
    const found = whole.exec(text)
    if (found === null) return false
    const [, , year, month, day] = found
    if (year === undefined) return true
    return Number(year) !== 0 && Number(day) <= daysOfMonth(Number(year), Number(month))
  }
  return {
    name,
    sample,
    whiteSpace: 'collapse',
    parse: (text) => (text.length <= 64 && isValid(text) ? text : undefined),
    encode(value) {
      const text = value instanceof Date ? fromDate(value.toISOString()) : value
      if (typeof text !== 'string' || !isValid(text)) throw new TypeError(`the value is not an xs:${name}`)
      return text
    },
  }
}

/** xs:dateTime, xs:date and xs:time. A `Date` goes in too, and is written in UTC. */
export const DATE_TYPES: readonly SimpleType[] = [
  dateType('dateTime', `${DATE}T${TIME}${ZONE}`, '2024-02-29T12:00:00Z', (iso) => iso),
  dateType('date', `${DATE}${ZONE}`, '2024-02-29', (iso) => `${iso.slice(0, iso.indexOf('T'))}Z`),
  dateType('time', `${TIME}${ZONE}`, '12:00:00Z', (iso) => iso.slice(iso.indexOf('T') + 1)),
]
