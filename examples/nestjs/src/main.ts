import { NestFactory } from '@nestjs/core'
import { AppModule } from './app.module'

async function bootstrap(): Promise<void> {
  const { DATABASE = 'recipes.db', UPLOADS = 'uploads', PORT = '3000' } = process.env
  const app = await NestFactory.create(AppModule.register({ database: DATABASE, uploads: UPLOADS }))
  app.enableShutdownHooks()
  await app.listen(PORT, '127.0.0.1')
  console.log(`Listening on ${await app.getUrl()}`)
}

void bootstrap()
