/** For tests: time that stands still, and the end of background work. */
export { type FakeClock, fakeClock } from './testing/fake-clock.ts'
export { settled } from './testing/settled.ts'
