/** A place where code under test stops until it is let through. */
export interface Barrier {
  /** How many have come. */
  readonly arrivals: number
  /** Resolves when someone has come. */
  readonly reached: Promise<void>
  /** Called by the code that is to stop. */
  wait(): Promise<void>
  /** Lets everyone through, who comes later too. */
  open(): void
}

export function createBarrier(): Barrier {
  let arrivals = 0
  let arrive = () => {}
  let open = () => {}
  const reached = new Promise<void>((resolve) => {
    arrive = resolve
  })
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return {
    get arrivals() {
      return arrivals
    },
    reached,
    open: () => open(),
    wait() {
      arrivals++
      arrive()
      return opened
    },
  }
}
