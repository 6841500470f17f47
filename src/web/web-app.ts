import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'
import { callerAddress, FORWARDED_HEADERS } from './caller-address.ts'
import { readPublic, renderPage, SCRIPT_POLICY, SECURITY_HEADERS } from './page.ts'
import type { ServiceDescription, ServiceDocuments } from './service-description.ts'
import { renderServices, SCRIPT_PATH } from './services-page.ts'

/** Metrics, in a format that their reader knows. */
export interface MetricsText {
  readonly contentType: string
  readonly text: string
}

/** What the app shows, and how it learns its own address. */
export interface WebAppOptions {
  /** The SOAP services by path; the paths' POSTs are answered elsewhere. */
  readonly services: ReadonlyMap<string, ServiceDescription>
  /** Why the server refuses, or undefined while it is ready. */
  readonly failure: () => string | undefined
  /** Writes the metrics. Undefined: there are none. */
  readonly metrics?: (() => Promise<MetricsText>) | undefined
  /** The address that WSDLs give, scheme and host (and a path, behind a proxy that adds one). Undefined: the one the caller used. */
  readonly publicUrl?: string | undefined
  /** Whose X-Forwarded-Proto, -Host, -Port and -Prefix are believed, as `createProxyTrust` takes it. Undefined: nobody's. */
  readonly trustProxy?: string | undefined
  /** Told of what should not happen. */
  readonly onError?: (error: unknown) => void
}

/** What the queries of a contract mean, by their names in lower case; a value is the name of a file. */
const QUERIES: ReadonlyMap<
  string,
  (documents: ServiceDocuments, file: string | undefined, address: string) => string | undefined
> = new Map([
  ['wsdl', (documents, file, address) => documents.file('wsdl', file, address)],
  ['xsd', (documents, file, address) => documents.file('xsd', file ?? '', address)],
  ['singlewsdl', (documents, _file, address) => documents.single(address)],
])
const SERVICE_METHODS = 'GET, HEAD, POST'

/** The express app for what people and tools open: services page, WSDL, health, metrics. SOAP itself does not pass through it. */
export function createWebApp(options: WebAppOptions): Express {
  const { services, failure, metrics, publicUrl, trustProxy, onError } = options
  const app = express()
  app.disable('x-powered-by')
  app.set('trust proxy', trustProxy ?? false)

  app.use((_request, response, next) => {
    response.set(SECURITY_HEADERS)
    next()
  })

  for (const [path, description] of services) {
    app
      .route(path)
      .get(describe(description, path))
      .all((_request, response) => {
        response.status(405).set('Allow', SERVICE_METHODS).type('text').send(`use ${SERVICE_METHODS}\n`)
      })
  }

  function describe(description: ServiceDescription, path: string): RequestHandler {
    return (request, response) => {
      const address = callerAddress(request, publicUrl)
      // The answer names the caller's own address: a cache may keep it, for this caller, but must ask first.
      response.set('Cache-Control', 'private, no-cache')
      if (publicUrl === undefined) response.vary('Host')
      if (publicUrl === undefined && trustProxy !== undefined) response.vary(FORWARDED_HEADERS.join(', '))
      const [key, value] =
        Object.entries(request.query).find(([name]) => QUERIES.has(name.toLowerCase())) ?? []
      const query = QUERIES.get(key?.toLowerCase() ?? '')
      if (query === undefined) {
        response.set('Content-Security-Policy', SCRIPT_POLICY).type('html')
        response.send(renderServices(address, services, path))
        return
      }
      const file = typeof value === 'string' && value !== '' ? value : undefined
      const document = query(description.documents, file, `${address}${path}`)
      if (document === undefined) response.status(404).type('text').send('the contract has no such file\n')
      else response.set('Content-Type', 'text/xml; charset=utf-8').send(document)
    }
  }

  const script = readPublic(SCRIPT_PATH.slice(1))
  app.get(SCRIPT_PATH, (_request, response) => {
    response.set('Cache-Control', 'no-cache').type('text/javascript').send(script)
  })
  app.get('/livez', (_request, response) => {
    response.set('Cache-Control', 'no-store').type('text').send('alive\n')
  })
  app.get('/readyz', (_request, response) => {
    const reason = failure()
    response.set('Cache-Control', 'no-store').type('text')
    if (reason === undefined) response.send('ready\n')
    else response.status(503).send(`not ready: ${reason}\n`)
  })
  if (metrics !== undefined) {
    // Nothing but this: a proxy that refuses it need not think of /Metrics and /metrics/, which a string would match.
    app.get(/^\/metrics$/, async (_request, response) => {
      const { contentType, text } = await metrics()
      response.set('Cache-Control', 'no-store').set('Content-Type', contentType).send(text)
    })
  }

  app.use((_request, response) => {
    response
      .status(404)
      .type('html')
      .send(renderPage('Not found', '<h1>Not found</h1><p>See the <a href="/">services</a>.</p>'))
  })

  // express's own would show the stack.
  const lastResort: ErrorRequestHandler = (error: unknown, _request, response, next) => {
    if (response.headersSent) return next(error)
    const status = clientStatus(error)
    if (status === 500) onError?.(error)
    response
      .status(status)
      .type('text')
      .send(status === 500 ? 'the server failed\n' : 'bad request\n')
  }
  app.use(lastResort)
  return app
}

/** The status of an error of express's own about the request, else 500. */
function clientStatus(error: unknown): number {
  const status = typeof error === 'object' && error !== null && 'status' in error ? error.status : 500
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 500
}
