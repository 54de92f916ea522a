import type { Plan } from './plan.ts'

/** What is raced for: the last of the plans, with what is nested in it before it. */
export interface Subject {
  readonly name: string
  readonly plans: readonly Plan[]
}

/** Stale within the time that a race may advance, and far from expired. */
const life = { revalidate: 1_000_000, expire: 1_000_000_000 }

type Tagging = NonNullable<Plan['tagging']>

const inner: Plan = { name: 'inner function', kind: 'function', tags: ['i'], tagging: 'after reading', life }
const innerFetch: Plan = { name: 'inner fetch', kind: 'fetch', tags: ['i'], life }

function cachedFunction(tagging: Tagging, parts: readonly string[] = []): Plan {
  return { name: 'function', kind: 'function', tags: ['o'], tagging, life, parts }
}

/** Opted in by its route, so it is known from the start that it will be shared. */
function routeResponse(fields: Partial<Plan> = {}): Plan {
  return { name: 'response', kind: 'response', tags: ['o'], life, ...fields }
}

/** Opted in by its handler, first or last: until then, or until it is known, it is undecided. */
function handlerResponse(moment: 'before reading' | 'after reading', fields: Partial<Plan> = {}): Plan {
  return routeResponse({ tagging: moment, optIn: moment, ...fields })
}

const parts = [inner.name]
const fetchParts = [innerFetch.name]

export const subjects: readonly Subject[] = [
  { name: 'a function, tags in options', plans: [cachedFunction('in options')] },
  { name: 'a function, tagged before reading', plans: [cachedFunction('before reading')] },
  { name: 'a function, tagged after reading', plans: [cachedFunction('after reading')] },
  { name: 'a function, tags of the result', plans: [cachedFunction('of the result')] },
  { name: 'a function in a function', plans: [inner, cachedFunction('in options', parts)] },
  { name: 'a fetch', plans: [{ name: 'fetch', kind: 'fetch', tags: ['o'], life }] },
  {
    name: 'a fetch with validators',
    plans: [{ name: 'fetch', kind: 'fetch', tags: ['o'], life, hasValidators: true }],
  },
  { name: 'a fetch in a function', plans: [innerFetch, cachedFunction('in options', fetchParts)] },
  { name: 'a response, whole', plans: [routeResponse()] },
  { name: 'a response, streamed', plans: [routeResponse({ isStreamed: true })] },
  { name: 'a response, opted in before reading', plans: [handlerResponse('before reading')] },
  { name: 'a response, opted in after reading', plans: [handlerResponse('after reading')] },
  { name: 'a function in a response', plans: [inner, routeResponse({ parts })] },
  {
    name: 'a function in a response, opted in before reading',
    plans: [inner, handlerResponse('before reading', { parts })],
  },
  {
    name: 'a function in a response, opted in after reading',
    plans: [inner, handlerResponse('after reading', { parts, isStreamed: true })],
  },
  {
    name: 'a fetch in a response',
    plans: [innerFetch, routeResponse({ parts: fetchParts, isStreamed: true })],
  },
  {
    name: 'a fetch in a response, opted in after reading',
    plans: [innerFetch, handlerResponse('after reading', { parts: fetchParts })],
  },
  {
    name: 'a fetch in a function in a response',
    plans: [innerFetch, cachedFunction('after reading', fetchParts), routeResponse({ parts: ['function'] })],
  },
]
