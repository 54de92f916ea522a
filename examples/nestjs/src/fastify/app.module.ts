import { Module } from '@nestjs/common'
import { APP_INTERCEPTOR } from '@nestjs/core'
import { CacheModule } from '../cache.module'
import { GuardedInterceptor } from '../guarded.interceptor'
import { PostsModule } from '../posts.module'

@Module({
  imports: [CacheModule, PostsModule],
  providers: [{ provide: APP_INTERCEPTOR, useClass: GuardedInterceptor }],
})
export class AppModule {}
