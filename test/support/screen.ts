/** What a terminal of some width shows, for the control sequences that node:readline uses. */
export interface Screen {
  write(text: string): void
  /** The rows from the top, without blanks at their ends, and without empty rows at the end. */
  rows(): readonly string[]
  /** Where the cursor stands, both from 0. */
  cursor(): { readonly row: number; readonly column: number }
  /** Was anything ever in colour, bold or dim. */
  colored(): boolean
}

/** A screen without an end below: nothing scrolls away. Throws at a sequence that it does not know. */
export function createScreen(columns: number): Screen {
  const cells: string[][] = [[]]
  let row = 0
  let column = 0
  let unread = ''
  let colored = false

  const line = (at: number): string[] => {
    for (let next = cells.length; next <= at; next += 1) cells.push([])
    return cells[at] ?? []
  }
  const moves: Readonly<Record<string, (count: number) => void>> = {
    A: (count) => {
      row = Math.max(0, row - (count || 1))
    },
    B: (count) => {
      row += count || 1
    },
    C: (count) => {
      column = Math.min(columns - 1, column + (count || 1))
    },
    D: (count) => {
      column = Math.max(0, column - (count || 1))
    },
    G: (count) => {
      column = (count || 1) - 1
    },
    J: () => {
      line(row).length = Math.min(line(row).length, column)
      cells.length = Math.min(cells.length, row + 1)
    },
    K: (mode) => {
      line(row).length = mode === 2 ? 0 : Math.min(line(row).length, column)
    },
    m: () => {
      colored = true
    },
    h: () => {},
    l: () => {},
  }
  const controls: Readonly<Record<string, () => void>> = {
    '\r': () => {
      column = 0
    },
    '\n': () => {
      row += 1
    },
    '\b': () => {
      column = Math.max(0, column - 1)
    },
    '\x07': () => {},
  }

  return {
    write(text) {
      unread += text
      for (;;) {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's input is full of them
        const token = /^(?:\x1b\[\??(\d*)([A-Za-z])|([\r\n\b\x07])|([^\x1b]))/u.exec(unread)
        if (token === null) {
          if (unread.length > 16) throw new Error(`unknown to the screen: ${JSON.stringify(unread)}`)
          return
        }
        unread = unread.slice(token[0].length)
        const [, count = '', move, control, char] = token
        if (move !== undefined) moves[move]?.(Number(count))
        else if (control !== undefined) controls[control]?.()
        else if (char !== undefined) {
          if (column === columns) {
            column = 0
            row += 1
          }
          const shown = line(row)
          while (shown.length < column) shown.push(' ')
          shown[column] = char
          column += 1
        }
      }
    },
    rows() {
      const rows = cells.map((shown) =>
        Array.from(shown, (cell) => cell ?? ' ')
          .join('')
          .trimEnd(),
      )
      while (rows.at(-1) === '') rows.pop()
      return rows
    },
    cursor: () => ({ row, column }),
    colored: () => colored,
  }
}
