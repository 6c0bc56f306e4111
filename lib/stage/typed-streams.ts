/** Node's streams with a type for their items, so that `for await` knows it. What they do is Node's. */
import { Readable, Transform } from 'node:stream'

/** `then` that `await` passes over, since nothing is its `this`, and that gives what the types of `pipeline` want. */
type LooseThen = <A, B>(
  this: never, done?: ((value: never) => A | PromiseLike<A>) | null, failed?: ((reason: unknown) => B | PromiseLike<B>) | null
) => Promise<A | B>

interface Next<Item> extends Pick<Promise<never>, 'catch' | 'finally' | typeof Symbol.toStringTag> {
  readonly then: LooseThen & Promise<IteratorResult<Item, undefined>>['then']
}

/**
 * The iterator of a stream of items. With `AsyncIterator<Item>` the stream would be none to the types of `pipeline` and
 * `pipe`: there each stream gives texts or bytes, unless it gives `any`. What `next` returns fits both.
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

/** A transform that makes items. */
export class TypedTransform<Item> extends Transform {
  override [Symbol.asyncIterator] (): TypedIterator<Item> {
    return super[Symbol.asyncIterator]() as TypedIterator<Item>
  }
}
