/**
 * What senders, recipients and the tester saw, in the order they saw it. Texts are unique within a history: they are
 * how a message is recognised.
 */
export type HistoryEvent =
  /** A sender begins to ask. It asks for one message at a time per recipient, or repeats what is unanswered in order. */
  | {
      readonly kind: 'sent'
      readonly sender: string
      readonly recipient: string
      readonly text: string
      /** SHA-256 of the file that goes with it. */
      readonly file?: string
    }
  /** The server said OK: the message is its own from now on. */
  | { readonly kind: 'acknowledged'; readonly text: string; readonly id: number }
  /** The server refused. After a failed write that is all that is known: the message may be stored, but at most once. */
  | { readonly kind: 'refused'; readonly text: string }
  /** A recipient was shown a message. */
  | {
      readonly kind: 'shown'
      readonly recipient: string
      readonly sender: string
      readonly text: string
      readonly id: number
    }
  /** A recipient has the file of a message, to the last byte: these have this SHA-256. */
  | { readonly kind: 'file'; readonly recipient: string; readonly text: string; readonly file: string }
  /** A sender was shown a receipt. */
  | { readonly kind: 'receipt'; readonly user: string; readonly id: number }
  /** The server was killed. */
  | { readonly kind: 'killed' }

/** What a history can have against a server. */
export type Complaint =
  | 'acknowledged and lost'
  | 'acknowledged under two ids'
  | 'id given twice'
  | 'never sent'
  | 'shown twice'
  | 'out of order'
  | 'file lost'
  | 'not its file'
  | 'file before its message'
  | 'file twice'
  | 'receipt before delivery'
  | 'receipt lost'
  | 'receipt twice'

/** One broken promise. */
export interface Finding {
  readonly complaint: Complaint
  /** The message, by its text, or by its id where it has no text. */
  readonly message: string
}

/** How strict the promise is. */
export interface CheckOptions {
  /**
   * May this user be shown a message, a receipt, again after a kill? The original protocol's own programs may (wire-protocol 3, 2
   * speaks of our client): an item was delivered when the peer has closed, and the server that is killed before that
   * is on disk does not know. Only a repetition with a kill between the two is forgiven, and each life of the server
   * must show things in order. A message may come again with its file.
   */
  readonly mayRepeatAfterKill?: (user: string, what: 'message' | 'receipt') => boolean
}

interface Sent {
  readonly sender: string
  readonly recipient: string
  readonly file?: string
  readonly place: number
}

/** Holds a history against wire-protocol 3. Everything is drained: what is missing is lost. Returns every broken promise. */
export function checkHistory(
  history: readonly HistoryEvent[],
  { mayRepeatAfterKill = () => false }: CheckOptions = {},
): Finding[] {
  const findings: Finding[] = []
  const complain = (complaint: Complaint, message: string): void => {
    findings.push({ complaint, message })
  }
  const sent = new Map<string, Sent>()
  const ids = new Map<string, number>()
  const textsById = new Map<number, string>()
  /** The life of the server in which each text was last shown, its file last there, each receipt last seen. */
  const shownIn = new Map<string, number>()
  const fileIn = new Map<string, number>()
  const receiptIn = new Map<number, number>()
  /** The last place shown, of each pair: over the whole history (first showings), and in this life of the server. */
  const frontier = new Map<string, number>()
  const frontierOfLife = new Map<string, number>()
  let life = 0

  for (const event of history) {
    switch (event.kind) {
      case 'sent':
        if (!sent.has(event.text)) sent.set(event.text, { ...event, place: sent.size })
        break
      case 'acknowledged':
        identify(event.text, event.id)
        break
      case 'shown':
        show(event)
        break
      case 'file':
        keep(event)
        break
      case 'receipt':
        receive(event)
        break
      case 'killed':
        life++
        frontierOfLife.clear()
        break
    }
  }
  for (const event of history) {
    if (event.kind === 'acknowledged' && !shownIn.has(event.text)) {
      complain('acknowledged and lost', event.text)
    }
  }
  for (const text of shownIn.keys()) {
    if (!isWhole(text)) complain('file lost', text)
    if (sent.has(text) && !receiptIn.has(ids.get(text) as number)) complain('receipt lost', text)
  }
  return findings

  function identify(text: string, id: number): void {
    if ((ids.get(text) ?? id) !== id) complain('acknowledged under two ids', text)
    if ((textsById.get(id) ?? text) !== text) complain('id given twice', text)
    ids.set(text, id)
    textsById.set(id, text)
  }

  function show({ recipient, sender, text, id }: HistoryEvent & { kind: 'shown' }): void {
    const message = sent.get(text)
    if (message === undefined || message.sender !== sender || message.recipient !== recipient) {
      complain('never sent', text)
      return
    }
    identify(text, id)
    const pair = JSON.stringify([sender, recipient])
    const before = shownIn.get(text)
    if (before === undefined) advance(frontier, pair, message.place, text)
    else if (before === life || !mayRepeatAfterKill(recipient, 'message')) complain('shown twice', text)
    if (before !== life) advance(frontierOfLife, pair, message.place, text)
    shownIn.set(text, life)
  }

  function keep({ recipient, text, file }: HistoryEvent & { kind: 'file' }): void {
    const before = fileIn.get(text)
    if (sent.get(text)?.file !== file || sent.get(text)?.recipient !== recipient) {
      complain('not its file', text)
      return
    }
    if (!shownIn.has(text)) complain('file before its message', text)
    if (before !== undefined && (before === life || !mayRepeatAfterKill(recipient, 'message')))
      complain('file twice', text)
    fileIn.set(text, life)
  }

  /** Has the recipient all that was sent with this text. */
  function isWhole(text: string): boolean {
    return sent.get(text)?.file === undefined || fileIn.has(text)
  }

  function advance(places: Map<string, number>, pair: string, place: number, text: string): void {
    if (place < (places.get(pair) ?? -1)) {
      if (!findings.some((found) => found.complaint === 'out of order' && found.message === text)) {
        complain('out of order', text)
      }
    } else {
      places.set(pair, place)
    }
  }

  function receive({ user, id }: HistoryEvent & { kind: 'receipt' }): void {
    const text = textsById.get(id)
    if (text === undefined || !shownIn.has(text) || !isWhole(text) || sent.get(text)?.sender !== user) {
      complain('receipt before delivery', text ?? String(id))
      return
    }
    const before = receiptIn.get(id)
    if (before !== undefined && (before === life || !mayRepeatAfterKill(user, 'receipt')))
      complain('receipt twice', text)
    receiptIn.set(id, life)
  }
}
