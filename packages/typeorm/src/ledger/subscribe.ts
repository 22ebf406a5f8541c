import { EventSubscriber, type DataSource, type EntitySubscriberInterface } from 'typeorm'

/**
 * Adds a subscriber that stays: TypeORM makes the subscribers anew in each `initialize()`, from the classes of the options. So
 * it gets a class, whose only instance is this subscriber.
 */
export function subscribe(dataSource: DataSource, subscriber: EntitySubscriberInterface): void {
  // TypeORM keeps each class for as long as the process runs, but nobody needs the subscriber of a data source that is gone.
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

/** False if others have taken the subscribers out of the options. */
export function isSubscribed({ subscribers }: DataSource, subscriber: EntitySubscriberInterface): boolean {
  return subscribers.includes(subscriber)
}
