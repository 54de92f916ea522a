import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common'
import { Injectable } from '@nestjs/common'
import { GUARDS_METADATA } from '@nestjs/common/constants'
import { Reflector } from '@nestjs/core'
import type { FastifyRequest } from 'fastify'
import type { Observable } from 'rxjs'

/** What stands behind `@UseGuards` is never stored: the cache would answer before the guard has a say. */
@Injectable()
export class GuardedInterceptor implements NestInterceptor {
  constructor(private readonly reflector: Reflector) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const places = [context.getHandler(), context.getClass()]
    if (context.getType() === 'http' && places.some((place) => this.reflector.get(GUARDS_METADATA, place))) {
      context.switchToHttp().getRequest<FastifyRequest>().cache.skip()
    }
    return next.handle()
  }
}
