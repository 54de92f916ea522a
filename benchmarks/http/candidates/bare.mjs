// The floor under everything: plain node:http, a prepared Buffer and fixed headers.
import { createServer } from 'node:http'

export const listen = (server) =>
  new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))

export const bare = {
  name: 'bare node:http',
  kind: 'floor',
  start: ({ bytes, lines }) =>
    listen(createServer((_, response) => response.writeHead(200, lines).end(bytes))),
}
