import type { Layer } from '../description.ts'

/** Lets in who has the key, and answers 401 to everyone else. */
export const guard: Layer['run'] = ({ request, reply }) => {
  if (request.header('x-key') === 'right') return undefined
  reply.status(401)
  return 'who are you?'
}
