import {
  Body,
  Controller,
  Get,
  HttpCode,
  Inject,
  NotFoundException,
  Param,
  Post as PostMethod,
  Put,
  StreamableFile,
} from '@nestjs/common'
import type { Cache } from '@restale/core'
import { CACHE } from './cache.module'
import type { Post } from './posts.service'
import { PostsService } from './posts.service'

@Controller('posts')
export class PostsController {
  constructor(
    private readonly posts: PostsService,
    @Inject(CACHE) private readonly cache: Cache,
  ) {}

  @Get(':id')
  async find(@Param('id') id: string): Promise<Post> {
    this.cache.cacheLife('minutes')
    this.cache.cacheTag('posts')
    const post = await this.posts.find(id)
    if (post === undefined) throw new NotFoundException()
    return post
  }

  @Get(':id/title.txt')
  async download(@Param('id') id: string): Promise<StreamableFile> {
    const { title } = await this.find(id)
    return new StreamableFile(Buffer.from(title), { type: 'text/plain' })
  }

  @Put(':id')
  @HttpCode(204)
  async save(@Param('id') id: string, @Body() { title }: Omit<Post, 'id'>): Promise<void> {
    await this.posts.save({ id, title })
  }

  @PostMethod('refresh')
  @HttpCode(204)
  async refresh(): Promise<void> {
    await this.posts.refresh()
  }
}
