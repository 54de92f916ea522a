import { randomUUID } from 'node:crypto'
import { createCache } from '@restale/core'
import { createApp } from './app.ts'
import { openRecipes } from './recipes.ts'

const { PORT = '3000', HOST = '127.0.0.1', REVALIDATE_SECRET: secret = randomUUID() } = process.env
const cache = createCache()
const server = createApp(cache, openRecipes(cache), secret).listen(Number(PORT), HOST, () => {
  const address = server.address()
  const url = `http://${HOST}:${typeof address === 'object' ? address?.port : PORT}`
  console.log(`Listening on ${url}. Try, the first line twice:

  curl -i ${url}/recipes/pancakes
  curl -X PUT ${url}/recipes/pancakes -d 'Milk, flour, eggs, sugar'
  curl '${url}/api/revalidate?tag=recipe:pancakes' -H 'Authorization: Bearer ${secret}'
`)
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => server.close(() => cache.close()))
}
