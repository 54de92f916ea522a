import { Inject, Injectable } from '@nestjs/common'
import type { Cache } from '@restale/core'
import { CACHE } from './cache.module'

export interface Post {
  readonly id: string
  readonly title: string
}

@Injectable()
export class PostsService {
  /** Cached by its argument; whoever calls it inherits the tag. */
  readonly find: (id: string) => Promise<Post | undefined>
  reads = 0
  private readonly titles = new Map([['1', 'Hello']])

  constructor(@Inject(CACHE) private readonly cache: Cache) {
    this.find = cache.cached((id: string) => this.read(id), {
      key: 'posts.find',
      tags: ([id]) => [`post:${id}`],
      life: 'hours',
    })
  }

  /** Expired before the write is answered: who writes, reads it. */
  async save({ id, title }: Post): Promise<void> {
    this.titles.set(id, title)
    await this.cache.updateTag(`post:${id}`)
  }

  /** Stale: served once more, while one refill runs. */
  async refresh(): Promise<void> {
    await this.cache.revalidateTag('posts', 'max')
  }

  private async read(id: string): Promise<Post | undefined> {
    this.reads++
    const title = this.titles.get(id)
    return title === undefined ? undefined : { id, title }
  }
}
