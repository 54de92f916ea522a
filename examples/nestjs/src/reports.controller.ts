import { Controller, Get, Inject, UseGuards } from '@nestjs/common'
import type { Cache } from '@restale/core'
import { ApiKeyGuard } from './api-key.guard'
import { CACHE } from './cache.module'

@Controller('reports')
@UseGuards(ApiKeyGuard)
export class ReportsController {
  private made = 0

  constructor(@Inject(CACHE) private readonly cache: Cache) {}

  @Get()
  async report(): Promise<{ report: number }> {
    this.cache.cacheLife('minutes')
    this.cache.cacheTag('reports')
    return { report: ++this.made }
  }
}
