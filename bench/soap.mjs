/**
 * `remove_spaces` calls a second, side by side in one run: ours, a bare node:http handler with a regular expression,
 * and node-soap's server on express. Needs `npm run build` and wrk. Each server is a process of its own; rounds are
 * interleaved, so that what else the machine does hits all alike.
 *
 *   node bench/soap.mjs [--rounds 5] [--seconds 2] [--connections 16]
 */
import { execFile, fork } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'

const run = promisify(execFile)
const WSDL = fileURLToPath(new URL('../wsdl/text.wsdl', import.meta.url))
const TEXT = 'ten words  and ten blanks '.repeat(4).slice(0, 100)
const ENVELOPE = `<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><remove_spaces xmlns="urn:dms:text:1"><string>${TEXT}</string></remove_spaces></soap:Body></soap:Envelope>`
const trim = (text) => text.replace(/\s+/g, ' ').trim()

/** Each opens a server on a free port of 127.0.0.1 and resolves to it. */
const SERVERS = {
  async ours() {
    const [{ readContract }, { createSoapEndpoint }, { createSoapHttpHandler }, limits, text, web, http] =
      await Promise.all([
        import('../dist/soap/contract.js'),
        import('../dist/soap/endpoint.js'),
        import('../dist/soap/http-handler.js'),
        import('../dist/soap/limits.js'),
        import('../dist/port-types/text.js'),
        import('../dist/web/web-app.js'),
        import('../dist/web/http-server.js'),
      ])
    const contract = await readContract({ wsdlPath: WSDL })
    const endpoint = createSoapEndpoint({
      contract,
      portType: text.textPortType,
      limits: limits.DEFAULT_SOAP_LIMITS,
    })
    const { port } = await http.openHttpServer({
      host: '127.0.0.1',
      port: 0,
      endpoints: new Map([['/', createSoapHttpHandler(endpoint)]]),
      app: web.createWebApp({ services: new Map([['/', contract]]), failure: () => undefined }),
    })
    return port
  },

  async bare() {
    const server = createServer((request, response) => {
      const chunks = []
      request.on('data', (chunk) => chunks.push(chunk))
      request.on('end', () => {
        const text = /<string>([^<]*)<\/string>/.exec(Buffer.concat(chunks).toString())[1]
        const body = ENVELOPE.replace(TEXT, trim(text))
        response.writeHead(200, { 'Content-Type': 'text/xml; charset=utf-8', 'Content-Length': body.length })
        response.end(body)
      })
    })
    return listen(server)
  },

  async 'node-soap on express'() {
    const [{ default: express }, { default: soap }] = await Promise.all([import('express'), import('soap')])
    const app = express()
    const server = createServer(app)
    const operations = {
      remove_spaces: ({ string }) => ({ remove_spacesResult: trim(string) }),
      remove: ({ string }) => ({ removeResult: string }),
    }
    const port = await listen(server)
    soap.listen(
      app,
      '/',
      { Text: { TextSoap11: operations, TextSoap12: operations } },
      await readFile(WSDL, 'utf8'),
    )
    return port
  },
}

function listen(server) {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)))
}

/** Opens the server in a process of its own. */
async function start(name) {
  const child = fork(fileURLToPath(import.meta.url), ['--serve', name])
  const port = await new Promise((resolve, reject) => {
    child.once('message', resolve)
    child.once('exit', () => reject(new Error(`${name} did not start`)))
  })
  return { name, port, child, rates: [], p99s: [] }
}

async function load(port, script, { seconds, connections }) {
  const url = `http://127.0.0.1:${port}/`
  const { stdout } = await run('wrk', [
    '-t1',
    `-c${connections}`,
    `-d${seconds}s`,
    '--latency',
    '-s',
    script,
    url,
  ])
  const refused = /Non-2xx or 3xx responses: (\d+)/.exec(stdout)
  if (refused !== null) throw new Error(`${refused[1]} calls to ${url} were not answered with 200`)
  return {
    rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)[1]),
    p99: /^\s+99%\s+(\S+)/m.exec(stdout)[1],
  }
}

async function checkAnswer({ name, port }) {
  const headers = { 'Content-Type': 'text/xml; charset=utf-8', SOAPAction: '"urn:dms:text:1/remove_spaces"' }
  const reply = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body: ENVELOPE })
  const answer = await reply.text()
  if (!answer.includes(`>${trim(TEXT)}<`)) throw new Error(`${name} answers: ${answer}`)
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]
}

async function main({ rounds, ...options }) {
  const folder = await mkdtemp(join(tmpdir(), 'dms-bench-'))
  const script = join(folder, 'post.lua')
  await writeFile(
    script,
    `wrk.method = "POST"
wrk.headers["Content-Type"] = "text/xml; charset=utf-8"
wrk.headers["SOAPAction"] = '"urn:dms:text:1/remove_spaces"'
wrk.body = [==[${ENVELOPE}]==]\n`,
  )
  const servers = []
  try {
    for (const name of Object.keys(SERVERS)) servers.push(await start(name))
    for (const server of servers) {
      await checkAnswer(server)
      await load(server.port, script, options)
    }
    for (let round = 0; round < rounds; round++) {
      for (const server of servers) {
        const { rate, p99 } = await load(server.port, script, options)
        server.rates.push(rate)
        server.p99s.push(p99)
      }
    }
    const ours = median(servers[0].rates)
    console.log(
      `remove_spaces, 100 bytes of text, ${options.connections} connections, median of ${rounds} rounds`,
    )
    for (const { name, rates, p99s } of servers) {
      const rate = median(rates)
      const ratio = (ours / rate).toFixed(2)
      console.log(
        `${name.padEnd(22)} ${rate.toFixed(0).padStart(7)} calls/s   ours is ${ratio} times that   p99 ${p99s.join(' ')}`,
      )
    }
  } finally {
    for (const { child } of servers) child.kill()
    await rm(folder, { recursive: true })
  }
}

const { values } = parseArgs({
  options: {
    serve: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    connections: { type: 'string', default: '16' },
  },
})
if (values.serve !== undefined) process.send(await SERVERS[values.serve]())
else {
  const { rounds, seconds, connections } = values
  await main({ rounds: Number(rounds), seconds: Number(seconds), connections: Number(connections) })
}
