import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A port in front of another HTTP server that hears which media types are sent through it. */
export async function openEar(to: number) {
  const heard: (string | undefined)[] = []
  const server = createServer((incoming, response) => {
    const { method = '', url = '', headers } = incoming
    if (method === 'POST') heard.push(headers['content-type']?.split(';')[0])
    const forwarded = request({ host: '127.0.0.1', port: to, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    incoming.pipe(forwarded)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
