import 'reflect-metadata'
import { NestFactory } from '@nestjs/core'
import type { NestExpressApplication } from '@nestjs/platform-express'
import { AppModule } from './app.module'
import { setUp } from './set-up'

async function main(): Promise<void> {
  const app = await NestFactory.create<NestExpressApplication>(AppModule)
  await setUp(app).listen(process.env.PORT ?? 3000)
}

void main()
