/** Node's streams with a type for their items, for `for await`. At run time they are Node's own classes. */
import { Readable, Transform } from 'node:stream'

/** A `then` that `await` ignores, because no value can be its `this`, but that the types of `pipeline` accept. */
type LooseThen = <A, B>(
  this: never,
  done?: ((value: never) => A | PromiseLike<A>) | null,
  failed?: ((reason: unknown) => B | PromiseLike<B>) | null
) => Promise<A | B>

interface Next<Item> extends Pick<Promise<never>, 'catch' | 'finally' | typeof Symbol.toStringTag> {
  readonly then: LooseThen & Promise<IteratorResult<Item, undefined>>['then']
}

/**
 * The iterator of a stream of items. The types of `pipeline` and `pipe` don't accept a stream with an
 * `AsyncIterator<Item>`: they require text, bytes or `any`. The result of `next` has a type for both uses.
 */
export interface TypedIterator<Item> extends NodeJS.AsyncIterator<never> {
  next: () => Next<Item>
  return: () => Next<Item>
  [Symbol.asyncIterator]: () => TypedIterator<Item>
}

/** A readable stream of items. */
export class TypedReadable<Item> extends Readable {
  override [Symbol.asyncIterator] (): TypedIterator<Item> {
    return super[Symbol.asyncIterator]() as TypedIterator<Item>
  }
}

/** A transform that outputs items. */
export class TypedTransform<Item> extends Transform {
  override [Symbol.asyncIterator] (): TypedIterator<Item> {
    return super[Symbol.asyncIterator]() as TypedIterator<Item>
  }
}
