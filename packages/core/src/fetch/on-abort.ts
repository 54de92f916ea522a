const actions = new WeakMap<AbortSignal, Set<() => void>>()

/**
 * Calls `act` when the signal aborts; the returned function takes that back. However many calls share a signal, it
 * has one listener: Node warns of a leak at eleven.
 */
export function onAbort(signal: AbortSignal, act: () => void): () => void {
  const acting = actions.get(signal) ?? listen(signal)
  // A function of its own, so that giving one twice means it twice.
  const own = () => act()
  acting.add(own)
  return () => {
    acting.delete(own)
    if (acting.size === 0) forget(signal)
  }
}

const listeners = new WeakMap<AbortSignal, () => void>()

function listen(signal: AbortSignal): Set<() => void> {
  const acting = new Set<() => void>()
  const onAbortEvent = () => {
    for (const act of [...acting]) act()
  }
  actions.set(signal, acting)
  listeners.set(signal, onAbortEvent)
  signal.addEventListener('abort', onAbortEvent)
  return acting
}

function forget(signal: AbortSignal): void {
  const listener = listeners.get(signal)
  if (listener !== undefined) signal.removeEventListener('abort', listener)
  listeners.delete(signal)
  actions.delete(signal)
}
