/*
 * Calls an operation from the services page. The form is the contract as HTML (src/web/operation-form.ts says how it is
 * marked); this writes the envelope that it describes, sends it, and shows what comes back, as text and nothing else.
 */

const XSI = 'http://www.w3.org/2001/XMLSchema-instance'
const WSSE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd'
const PASSWORD_TEXT =
  'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText'
const XOP = 'http://www.w3.org/2004/08/xop/include'
const XOP_TYPE = 'application/xop+xml'
/** What stands for the password in a request until it is sent. */
const PASSWORD = '{password}'
/** A longer answer is shown up to here. */
const LONGEST = 200_000

function escapeText(text) {
  return text.replace(/[&<>\r]/g, (character) => `&#${character.charCodeAt(0)};`)
}

function escapeAttribute(text) {
  return text.replace(/[&<>"\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** The nearest descendants with this attribute, not those in other elements of the contract. */
function own(node, attribute) {
  const inside = `:scope [data-element] [${attribute}]`
  const nested = new Set(node.querySelectorAll(inside))
  return [...node.querySelectorAll(`[${attribute}]`)].filter((one) => !nested.has(one))
}

function writeAttributes(node) {
  return own(node, 'data-attribute')
    .filter(({ value }) => value !== '')
    .map((input, index) => {
      const { attribute, namespace } = input.dataset
      const value = escapeAttribute(input.value)
      if (namespace === '') return ` ${attribute}="${value}"`
      return ` xmlns:a${index}="${escapeAttribute(namespace)}" a${index}:${attribute}="${value}"`
    })
    .join('')
}

/** The reference to the part that a file goes as (XOP 1.0, 2.1). */
function include(id) {
  return `<xop:Include xmlns:xop="${XOP}" href="cid:${id}"/>`
}

/** The file that was chosen for an element, as a part of the message; its name says which of the form's it is. */
function filePart(input) {
  const id = `file-${[...input.form.querySelectorAll('[data-file]')].indexOf(input) + 1}@page`
  return { id, file: input.files[0] }
}

/**
 * A request with files: the envelope and they, each a part of its own (XOP 1.0, 4.1). Files that the envelope does not refer to
 * stay here.
 */
function packParts(envelope, files, { type, parameters }) {
  const random = crypto.getRandomValues(new Uint8Array(16))
  const boundary = `page-${[...random].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`
  const root = `Content-Type: ${XOP_TYPE}; charset=utf-8; type="${type}"\r\nContent-ID: <request@page>`
  const pieces = [`--${boundary}\r\n${root}\r\n\r\n`, envelope]
  for (const { id, file } of files) {
    const head = `Content-Type: ${file.type || 'application/octet-stream'}\r\nContent-ID: <${id}>`
    pieces.push(`\r\n--${boundary}\r\n${head}\r\nContent-Transfer-Encoding: binary\r\n\r\n`, file)
  }
  pieces.push(`\r\n--${boundary}--\r\n`)
  const contentType = `multipart/related; type="${XOP_TYPE}"; start="<request@page>"; start-info="${type}"; boundary="${boundary}"${parameters}`
  return { body: new Blob(pieces), contentType }
}

/** An element of the form as XML; empty where it is not given. */
function writeElement(node, outer, indent) {
  const { element, namespace } = node.dataset
  const state = own(node, 'data-state')[0]?.value ?? 'given'
  if (state === 'absent') return ''
  const declared = namespace === outer ? '' : ` xmlns="${escapeAttribute(namespace)}"`
  const start = `${indent}<${element}${declared}${writeAttributes(node)}`
  if (state === 'nil') return `${start} xmlns:xsi="${XSI}" xsi:nil="true"/>\n`
  const chosen = own(node, 'data-file').find(({ files }) => files.length > 0)
  if (chosen !== undefined) return `${start}>${include(filePart(chosen).id)}</${element}>\n`
  const text = own(node, 'data-text')[0]
  if (text !== undefined) return `${start}>${escapeText(text.value)}</${element}>\n`
  const inside = writeInside(node, namespace, `${indent}  `)
  return inside === '' ? `${start}/>\n` : `${start}>\n${inside}${indent}</${element}>\n`
}

/** What a part of the form contains, in its order; of a choice what is chosen. */
function writeInside(node, outer, indent) {
  let xml = ''
  for (const child of node.children) {
    if (child.matches('[data-alternative]') && child.hidden) continue
    if (child.matches('[data-element]')) xml += writeElement(child, outer, indent)
    else xml += writeInside(child, outer, indent)
  }
  return xml
}

/** The header block that says who calls (WS-Security UsernameToken profile 1.1, 3.1). */
function writeSecurity({ scheme, user, password }) {
  if (scheme !== 'token') return ''
  const secret = `\n        <wsse:Password Type="${PASSWORD_TEXT}">${PASSWORD}</wsse:Password>`
  return `  <soap:Header>
    <wsse:Security xmlns:wsse="${WSSE}" soap:mustUnderstand="1">
      <wsse:UsernameToken>
        <wsse:Username>${escapeText(user)}</wsse:Username>${password === '' ? '' : secret}
      </wsse:UsernameToken>
    </wsse:Security>
  </soap:Header>
`
}

function writeEnvelope(fields, namespace, caller) {
  return `<?xml version="1.0" encoding="utf-8"?>
<soap:Envelope xmlns:soap="${escapeAttribute(namespace)}">
${writeSecurity(caller)}  <soap:Body>
${writeInside(fields, undefined, '    ')}  </soap:Body>
</soap:Envelope>
`
}

/** Who calls, as the service's fields say. */
function readCaller(fields) {
  const value = (name) => fields?.querySelector(`[data-${name}]`)?.value ?? ''
  return { scheme: value('scheme') || 'none', user: value('user'), password: value('password') }
}

function base64(text) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)))
}

/** The Authorization header of each way to say who calls that has one. */
const AUTHORIZATION = {
  basic: ({ user, password }) => `Basic ${base64(`${user}:${password}`)}`,
  bearer: ({ password }) => `Bearer ${password}`,
}

/** XML with a line for each tag, but for those around nothing but text, whose blanks may matter. */
function indentXml(xml) {
  const tokens = xml.match(/<[^>]*>|[^<]+/g) ?? []
  let depth = 0
  let lines = ''
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index]
    const isEnd = token.startsWith('</')
    if (isEnd) depth--
    const isStart = /^<[^/?!]/.test(token) && !token.endsWith('/>')
    let line = token
    if (isStart) {
      const text = tokens[index + 1]?.startsWith('<') ? '' : (tokens[index + 1] ?? '')
      const end = tokens[index + (text === '' ? 1 : 2)] ?? ''
      if (end.startsWith('</')) {
        line = token + text + end
        index += text === '' ? 1 : 2
      } else depth++
    }
    if (token.trim() === '') continue
    lines += `${'  '.repeat(line === token && isStart ? depth - 1 : depth)}${line}\n`
  }
  return lines
}

function present(type, text) {
  const whole = type.includes('xml') ? indentXml(text) : text
  return whole.length <= LONGEST ? whole : `${whole.slice(0, LONGEST)}\n… ${whole.length} characters in all`
}

function prepare(form) {
  const part = (name) => form.querySelector(`[data-${name}]`)
  const fields = part('fields')
  const request = part('request')
  const version = part('version')
  const credentials = form.closest('section').querySelector('[data-credentials]')
  const stop = part('stop')

  const update = () => {
    for (const choice of fields.querySelectorAll('[data-choice]')) {
      const chosen = Number(choice.querySelector('[data-chosen]').value)
      const alternatives = [...choice.children].filter((child) => child.matches('[data-alternative]'))
      alternatives.forEach((alternative, index) => {
        alternative.hidden = index !== chosen
      })
    }
    const { envelope } = version.selectedOptions[0].dataset
    request.value = writeEnvelope(fields, envelope, readCaller(credentials))
    request.rows = Math.min(24, request.value.split('\n').length)
  }

  const show = (status, wrong, headers, body) => {
    part('status').textContent = status
    part('status').classList.toggle('wrong', wrong)
    part('headers').textContent = headers
    part('body').textContent = body
    part('answer').hidden = false
  }

  const send = async () => {
    const { media } = version.selectedOptions[0].dataset
    const { action, url } = form.dataset
    const caller = readCaller(credentials)
    // SOAP 1.1 has a header for the action, SOAP 1.2 a parameter.
    const parameters = version.value === '1.1' ? '' : `; action="${action}"`
    const headers = version.value === '1.1' ? { SOAPAction: `"${action}"` } : {}
    const authorization = AUTHORIZATION[caller.scheme]?.(caller)
    if (authorization !== undefined) headers.Authorization = authorization
    const envelope = request.value.replaceAll(PASSWORD, () => escapeText(caller.password))
    const files = [...fields.querySelectorAll('[data-file]')]
      .map(filePart)
      .filter(({ id, file }) => file !== undefined && envelope.includes(`"cid:${id}"`))
    const { body, contentType } =
      files.length === 0
        ? { body: envelope, contentType: `${media}; charset=utf-8${parameters}` }
        : packParts(envelope, files, { type: media, parameters })
    headers['Content-Type'] = contentType

    const waiting = new AbortController()
    stop.onclick = () => waiting.abort()
    stop.hidden = false
    show('Waiting for the answer …', false, '', '')
    try {
      const { signal } = waiting
      const answer = await fetch(url, {
        method: 'POST',
        headers,
        body,
        signal,
        credentials: 'omit',
        redirect: 'error',
      })
      const text = await answer.text()
      const lines = [...answer.headers].map(([name, value]) => `${name}: ${value}`)
      const type = answer.headers.get('content-type') ?? ''
      show(`${answer.status} ${answer.statusText}`, !answer.ok, lines.join('\n'), present(type, text))
    } catch (error) {
      show(`No answer: ${error.message}`, true, '', '')
    } finally {
      stop.hidden = true
    }
  }

  fields.addEventListener('click', ({ target }) => {
    if (!target.matches('[data-add]')) return
    const repeat = target.closest('[data-repeat]')
    const instances = [...repeat.children].filter((child) => child.matches('[data-instance]'))
    const last = instances[instances.length - 1]
    const another = last.cloneNode(true)
    last.after(another)
    another.querySelector('input, select, textarea')?.focus()
    update()
  })
  fields.addEventListener('input', ({ target }) => {
    // Who writes a text wants it given.
    const state = target.matches('[data-text], [data-file]')
      ? target.closest('[data-element]').querySelector(':scope > [data-state]')
      : null
    if (state !== null) state.value = 'given'
    update()
  })
  version.addEventListener('input', update)
  credentials?.addEventListener('input', update)
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void send()
  })
  update()
  form.hidden = false
  form.closest('[data-trial]').hidden = false
  if (credentials !== null) credentials.hidden = false
}

for (const form of document.querySelectorAll('[data-try]')) prepare(form)
