import { EventSubscriber, type DataSource, type EntitySubscriberInterface } from 'typeorm'

/**
 * Adds a subscriber that stays: TypeORM makes the subscribers anew in each `initialize()`, from the classes of the options. So
 * it gets a class, whose only instance is this subscriber.
 */
export function subscribe(dataSource: DataSource, subscriber: EntitySubscriberInterface): void {
  // TypeORM keeps each class as long as the process runs, but the subscriber of a destroyed data source is useless.
  const kept = new WeakRef(subscriber)
  function LedgerSubscription(this: object): object {
    return kept.deref() ?? this
  }
  EventSubscriber()(LedgerSubscription)
  const { subscribers = [] } = dataSource.options
  const given = Array.isArray(subscribers) ? subscribers : Object.values(subscribers)
  dataSource.setOptions({ subscribers: [...given, LedgerSubscription] })
  if (dataSource.isInitialized) dataSource.subscribers.push(subscriber)
}

/** False if other code removed the subscriber from the options. */
export function isSubscribed({ subscribers }: DataSource, subscriber: EntitySubscriberInterface): boolean {
  return subscribers.includes(subscriber)
}
