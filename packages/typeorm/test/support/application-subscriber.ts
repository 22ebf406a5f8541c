import {
  EventSubscriber,
  type EntitySubscriberInterface,
  type InsertEvent,
  type RemoveEvent,
  type UpdateEvent,
} from 'typeorm'
import { Document } from '../entities/document.ts'

type Hook<Event> = ((event: Event) => Promise<void> | void) | undefined

/** What the subscriber of the application does; each test says it anew. */
export const hooks: {
  beforeInsert: Hook<InsertEvent<Document>>
  afterInsert: Hook<InsertEvent<Document>>
  beforeUpdate: Hook<UpdateEvent<Document>>
  afterUpdate: Hook<UpdateEvent<Document>>
  beforeRemove: Hook<RemoveEvent<Document>>
  afterLoad: Hook<Document>
} = {
  beforeInsert: undefined,
  afterInsert: undefined,
  beforeUpdate: undefined,
  afterUpdate: undefined,
  beforeRemove: undefined,
  afterLoad: undefined,
}

/** A subscriber of the application, beside ours. */
@EventSubscriber()
export class ApplicationSubscriber implements EntitySubscriberInterface<Document> {
  listenTo() {
    return Document
  }

  beforeInsert(event: InsertEvent<Document>): Promise<void> | void {
    return hooks.beforeInsert?.(event)
  }

  afterInsert(event: InsertEvent<Document>): Promise<void> | void {
    return hooks.afterInsert?.(event)
  }

  beforeUpdate(event: UpdateEvent<Document>): Promise<void> | void {
    return hooks.beforeUpdate?.(event)
  }

  afterUpdate(event: UpdateEvent<Document>): Promise<void> | void {
    return hooks.afterUpdate?.(event)
  }

  beforeRemove(event: RemoveEvent<Document>): Promise<void> | void {
    return hooks.beforeRemove?.(event)
  }

  afterLoad(entity: Document): Promise<void> | void {
    return hooks.afterLoad?.(entity)
  }
}

/** For `beforeEach`: it does nothing. */
export function clearHooks(): void {
  for (const name of Object.keys(hooks) as (keyof typeof hooks)[]) hooks[name] = undefined
}
