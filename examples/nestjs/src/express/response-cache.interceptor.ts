import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common'
import { Inject, Injectable, Optional } from '@nestjs/common'
import type { Cache } from '@restale/core'
import type { Middleware, ResponseCacheOptions } from '@restale/express'
import { responseCache } from '@restale/express'
import type { Request } from 'express'
import { Observable } from 'rxjs'
import { CACHE } from '../cache.module'

/** The response cache behind all guards. A hit is sent at once and emits nothing, so that Nest sends nothing. */
@Injectable()
export class ResponseCacheInterceptor implements NestInterceptor {
  private readonly serve: Middleware

  constructor(@Inject(CACHE) cache: Cache, @Optional() options: ResponseCacheOptions<Request> = {}) {
    this.serve = responseCache(cache, options)
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle()
    const http = context.switchToHttp()
    return new Observable((subscriber) => {
      this.serve(http.getRequest(), http.getResponse(), (error) => {
        if (error === undefined) subscriber.add(next.handle().subscribe(subscriber))
        else subscriber.error(error)
      })
    })
  }
}
