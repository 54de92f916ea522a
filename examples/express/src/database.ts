// The database: its schema, its data, and a count of its queries, which tells what a request has cost.
import type { Country } from 'world-countries'
import { Postgres } from './postgres.ts'
import { readCountries } from './world.ts'

export interface Database {
  /** Queries since it was opened. */
  readonly queries: number
  query<Row>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>
  close(): Promise<void>
}

/** `dataDir`: a folder that keeps the data; without one it lives in memory, new at every start. */
export async function openDatabase(dataDir = 'memory://'): Promise<Database> {
  const postgres = new Postgres(dataDir)
  await createSchema(postgres)
  await seed(postgres)
  let queries = 0
  return {
    get queries() {
      return queries
    },
    query<Row>(sql: string, parameters: readonly unknown[] = []) {
      queries++
      return postgres.query(sql, parameters) as Promise<Row[]>
    },
    close: () => postgres.close(),
  }
}

async function createSchema(postgres: Postgres): Promise<void> {
  await postgres.query(
    `create table if not exists country (
      code text primary key,
      name text not null,
      official_name text not null,
      capital text,
      region text not null,
      subregion text not null,
      area float8,
      latitude float8 not null,
      longitude float8 not null,
      neighbours text[] not null
    )`,
    [],
  )
}

/** What an earlier start has seeded, and requests have changed since, stays. */
async function seed(postgres: Postgres): Promise<void> {
  await postgres.query(
    `insert into country
      select code, name, official_name, capital, region, subregion, area, latitude, longitude, neighbours
      from json_populate_recordset(null::country, $1::json)
      on conflict do nothing`,
    [JSON.stringify(readCountries().map(toRow))],
  )
}

const toRow = (country: Country) => ({
  code: country.cca3,
  name: country.name.common,
  official_name: country.name.official,
  capital: country.capital[0] ?? null,
  region: country.region,
  subregion: country.subregion,
  // the data set says -1 where it does not know
  area: country.area >= 0 ? country.area : null,
  latitude: country.latlng[0],
  longitude: country.latlng[1],
  neighbours: country.borders,
})
