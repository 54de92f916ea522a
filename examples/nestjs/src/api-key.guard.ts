import type { CanActivate, ExecutionContext } from '@nestjs/common'
import { Injectable } from '@nestjs/common'

/** Of the kind that the cache cannot see: no cookie, no `Authorization`, no `req.user`. */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, unknown> }>()
    return headers['x-api-key'] === 'for-partners'
  }
}
