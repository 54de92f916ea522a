import { Module } from '@nestjs/common'
import { APP_INTERCEPTOR } from '@nestjs/core'
import { CacheModule } from '../cache.module'
import { PostsModule } from '../posts.module'
import { ResponseCacheInterceptor } from './response-cache.interceptor'

@Module({
  imports: [CacheModule, PostsModule],
  providers: [{ provide: APP_INTERCEPTOR, useClass: ResponseCacheInterceptor }],
})
export class AppModule {}
