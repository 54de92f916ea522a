import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common'
import { Injectable } from '@nestjs/common'
import { serveCached } from '@restale/fastify'
import { Observable } from 'rxjs'

/** The response cache behind all guards. A hit is sent at once and emits nothing, so that Nest sends nothing. */
@Injectable()
export class ResponseCacheInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle()
    const http = context.switchToHttp()
    return new Observable((subscriber) => {
      const handle = () => subscriber.add(next.handle().subscribe(subscriber))
      serveCached(http.getRequest(), http.getResponse(), handle).catch((error) => subscriber.error(error))
    })
  }
}
