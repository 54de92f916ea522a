// Asks every worker of every machine, says once that the page has changed, and asks them all again.
import { get, request } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Machine } from './machines.ts'

export interface Answer {
  readonly worker: string
  readonly body: string
  readonly status: string
}

/** As behind a load balancer: the same for all machines, so that they have the same pages. */
const headers = { Host: 'pages.example' }

/** What each worker says. Connections go to the workers by turns, so each is asked by one of its own. */
export async function askAll(machines: readonly Machine[], workers: number): Promise<Answer[]> {
  const answers = new Map<string, Answer>()
  for (const { url } of machines) {
    const before = answers.size
    for (let tries = 0; answers.size < before + workers && tries < 20 * workers; tries++) {
      const answer = await ask(url)
      if (!answers.has(answer.worker)) answers.set(answer.worker, answer)
    }
  }
  return [...answers.values()]
}

/** The status: 204 if it holds everywhere. */
export function sayChanged({ url }: Machine): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(`${url}/changed`, { method: 'POST', agent: false, headers }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end()
  })
}

function ask(url: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false, headers }, async (response) => {
      const { 'x-worker': worker, 'cache-status': status } = response.headers
      resolve({ worker: String(worker), body: (await text(response)).trim(), status: String(status) })
    }).on('error', reject)
  })
}
