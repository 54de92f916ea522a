// What the app knows about countries: cached reads, labelled with tags, and the writes that invalidate them.
import type { AtlasCache } from './cache.ts'
import type { Database } from './database.ts'

export interface CountrySummary {
  readonly code: string
  readonly name: string
  readonly capital: string | null
  readonly region: string
}

export interface Country extends CountrySummary {
  readonly officialName: string
  readonly subregion: string
  readonly areaKm2: number | null
  readonly latitude: number
  readonly longitude: number
  readonly neighbours: readonly Pick<Country, 'code' | 'name' | 'capital'>[]
}

/** Distances are between the centres of countries, along the surface of the Earth. */
export interface RegionStatistics {
  readonly region: string
  readonly countries: number
  readonly areaKm2: number
  readonly meanKm: number
  readonly medianKm: number
  readonly medianKmTo: Readonly<Record<string, number>>
  readonly remotest: { readonly name: string; readonly nearest: string; readonly km: number }
}

export interface CountryChanges {
  readonly name?: string
  readonly capital?: string
  readonly areaKm2?: number
}

/**
 * The tags. `countries` is on everything that comes from the table, `world` on what all countries together give,
 * `currencies` on everything that comes from the bank, which itself names those that `currency` gives.
 */
export const tags = {
  countries: 'countries',
  currencies: 'currencies',
  world: 'world',
  country: (code: string) => `country:${code}`,
  region: (region: string) => `region:${region.toLowerCase()}`,
  currency: (code: string) => `currency:${code}`,
}

export function createAtlas(cache: AtlasCache, database: Database) {
  const { cached, updateTag, revalidateTag } = cache

  const listCountries = cached(() => database.query<CountrySummary>(listSql), {
    key: 'list-countries',
    tags: [tags.countries, tags.world],
    life: 'atlas',
  })

  // Tagged by its neighbours too, as it shows their capitals: changing one of them changes this one.
  const getCountry = cached(async (code: string) => (await database.query<Country>(countrySql, [code]))[0], {
    key: 'get-country',
    tags: ([code], country) => [
      tags.countries,
      tags.country(code),
      ...(country?.neighbours ?? []).map((neighbour) => tags.country(neighbour.code)),
    ],
    life: 'atlas',
  })

  const searchCountries = cached((text: string) => database.query<CountrySummary>(searchSql, [text]), {
    key: 'search-countries',
    tags: [tags.countries, tags.world],
    life: 'atlas',
  })

  // The slow one. When it takes too long, or fails, what it gave within the last day is better than nothing.
  const regionStatistics = cached(() => database.query<RegionStatistics>(statisticsSql), {
    key: 'region-statistics',
    tags: [tags.countries, tags.world],
    life: 'atlas',
    hardTimeoutMs: 5_000,
    staleIfError: 86_400,
  })

  /** Not cached: the route that uses it caches its response, with tags of its own. */
  const countriesOfRegion = (region: string) => database.query<CountrySummary>(regionSql, [region])

  /** Gives the country as it is now, or nothing if there is none with this code. */
  const updateCountry = async (code: string, { name, capital, areaKm2 }: CountryChanges) => {
    const values = [code, name ?? null, capital ?? null, areaKm2 ?? null]
    const [updated] = await database.query<{ region: string }>(updateSql, values)
    if (updated === undefined) return undefined
    await updateTag([tags.country(code), tags.region(updated.region), tags.world])
    return getCountry(code)
  }

  /** After an import, say: everything is served as it is once more, and fetched anew behind. */
  const refreshEverything = () => revalidateTag([tags.countries, tags.currencies], 'max')

  return {
    listCountries,
    getCountry,
    searchCountries,
    regionStatistics,
    countriesOfRegion,
    updateCountry,
    refreshEverything,
  }
}

const listSql = 'select code, name, capital, region from country order by name'

const regionSql =
  'select code, name, capital, region from country where lower(region) = lower($1) order by name'

const searchSql = `
  select code, name, capital, region from country
  where strpos(lower(name), lower($1)) > 0 or strpos(lower(capital), lower($1)) > 0
  order by name`

const countrySql = `
  select code, name, official_name as "officialName", capital, region, subregion,
    area as "areaKm2", latitude, longitude,
    (
      select coalesce(json_agg(json_build_object('code', n.code, 'name', n.name, 'capital', n.capital) order by n.name), '[]')
      from country n where n.code = any(country.neighbours)
    ) as neighbours
  from country where code = $1`

const updateSql = `
  update country set name = coalesce($2, name), capital = coalesce($3, capital), area = coalesce($4, area)
  where code = $1
  returning region`

// The slow one: the distances of all 62,250 pairs of countries, by the haversine formula, sorted several times over.
const statisticsSql = `
  with pair as materialized (
    select a.code, a.name, a.region, b.name as other_name, b.region as other_region,
      12742 * asin(sqrt(
        power(sin(radians(b.latitude - a.latitude) / 2), 2) +
        cos(radians(a.latitude)) * cos(radians(b.latitude)) * power(sin(radians(b.longitude - a.longitude) / 2), 2)
      )) as km
    from country a cross join country b
    where a.code <> b.code
  ),
  region as (
    select region, count(*)::int as countries, coalesce(sum(area), 0) as area from country group by region
  ),
  within as (
    select region, round(avg(km))::int as mean_km, round(percentile_cont(0.5) within group (order by km))::int as median_km
    from pair where region = other_region group by region
  ),
  between_two as (
    select region, other_region, round(percentile_cont(0.5) within group (order by km))::int as median_km
    from pair where region <> other_region group by region, other_region
  ),
  nearest as (
    select distinct on (code) region, name, other_name, km from pair order by code, km
  ),
  remotest as (
    select distinct on (region) region, name, other_name, round(km)::int as km from nearest order by region, km desc
  )
  select region, countries, area as "areaKm2", mean_km as "meanKm", median_km as "medianKm",
    (
      select json_object_agg(b.other_region, b.median_km order by b.other_region)
      from between_two b where b.region = region.region
    ) as "medianKmTo",
    json_build_object('name', remotest.name, 'nearest', remotest.other_name, 'km', remotest.km) as remotest
  from region join within using (region) join remotest using (region)
  order by region`
