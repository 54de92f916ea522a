import { Module } from '@nestjs/common'
import { PostsController } from './posts.controller'
import { PostsService } from './posts.service'
import { ReportsController } from './reports.controller'

@Module({
  controllers: [PostsController, ReportsController],
  providers: [PostsService],
})
export class PostsModule {}
