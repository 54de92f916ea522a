import type { CountryChanges } from './atlas.ts'
import { HttpError } from './errors.ts'

const fields = ['name', 'capital', 'areaKm2']

/** What a client wants to change about a country, checked; anything else is its mistake. */
export function readChanges(body: unknown): CountryChanges {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new HttpError(400, 'The body must be a JSON object')
  }
  const unknown = Object.keys(body).find((key) => !fields.includes(key))
  if (unknown !== undefined) {
    throw new HttpError(400, `"${unknown}" cannot be changed, only ${fields.join(', ')}`)
  }
  const { name, capital, areaKm2 } = body as { [field: string]: unknown }
  const changes = {
    ...(name === undefined ? {} : { name: readName('name', name) }),
    ...(capital === undefined ? {} : { capital: readName('capital', capital) }),
    ...(areaKm2 === undefined ? {} : { areaKm2: readArea(areaKm2) }),
  }
  if (Object.keys(changes).length === 0) {
    throw new HttpError(400, `The body must have at least one of ${fields.join(', ')}`)
  }
  return changes
}

function readName(field: string, value: unknown): string {
  if (typeof value === 'string' && value.trim() !== '' && value.length <= 100) return value.trim()
  throw new HttpError(400, `"${field}" must be a text of 1 to 100 characters`)
}

function readArea(value: unknown): number {
  if (typeof value === 'number' && value > 0 && value < 510_000_000) return value
  throw new HttpError(400, '"areaKm2" must be a number above 0 and below the surface of the Earth')
}
