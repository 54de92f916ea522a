// What comes from outside is looked at field by field: own fields only, whatever its prototype says.

export type Fields = Readonly<Record<string, unknown>>

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((member) => typeof member === 'string')
}

export function isBooleans(...values: readonly unknown[]): boolean {
  return values.every((value) => typeof value === 'boolean')
}
