import type { Answer } from './exchange.ts'
import type { Commit, Repository } from './repository.ts'
import type { Route } from './routes.ts'
import type { Caller, State } from './state.ts'

/** A refusal, thrown where it is detected, and sent as the response. */
export class Refusal extends Error {
  readonly answer: Answer

  constructor (answer: Answer) {
    super(`refused with ${answer.status}`)
    this.answer = answer
  }
}

export function json (value: unknown, headers: Readonly<Record<string, string>> = {}, status = 200): Answer {
  return {
    status,
    headers: { 'Content-Type': 'application/json; charset=utf-8', ...headers },
    body: Buffer.from(JSON.stringify(value))
  }
}

/** An error in the Hub's form: in two headers, and in the body. */
export function failure (
  status: number,
  code: string | null,
  message: string,
  headers: Readonly<Record<string, string>> = {}
): Answer {
  return json({ error: message }, {
    ...(code !== null && { 'X-Error-Code': code }),
    'X-Error-Message': message,
    ...(status === 401 && { 'WWW-Authenticate': 'Bearer realm="Authentication required", charset="UTF-8"' }),
    ...headers
  }, status)
}

export function redirect (status: 302 | 307, location: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return {
    status,
    headers: { 'Content-Type': 'text/plain; charset=utf-8', ...headers, Location: location },
    body: Buffer.from(`Redirecting to ${location}`)
  }
}

/** The repository of a route, if the caller may see it, and, for reading, if the caller may read it. */
export function repositoryFor (state: State, route: Route, caller: Caller, isReading = false): Repository {
  const repository = state.repositories.get(route.repo ?? '')
  if (repository === undefined || (repository.options.private === true && caller !== 'owner')) {
    throw new Refusal(caller === 'nobody'
      ? failure(401, 'RepoNotFound', 'Invalid username or password.')
      : failure(404, 'RepoNotFound', 'Repository not found'))
  }
  const { name, gated, disabled } = repository.options
  if (disabled === true) throw new Refusal(failure(403, null, 'Access to this resource is disabled.'))
  if (isReading && gated !== undefined && caller !== 'owner') {
    const restricted = `Access to dataset ${name} is restricted`
    throw new Refusal(caller === 'nobody'
      ? failure(401, 'GatedRepo',
        `${restricted}. You must have access to it and be authenticated to access it. Please log in.`)
      : failure(403, 'GatedRepo', `${restricted} and you are not in the authorized list. Visit ` +
        `${state.endpoint}/datasets/${name} to ask for access.`))
  }
  return repository
}

export function commitFor (repository: Repository, { revision }: Route): Commit {
  const commit = repository.at(revision)
  if (commit === undefined) throw new Refusal(failure(404, 'RevisionNotFound', `Invalid rev id: ${revision}`))
  return commit
}

/** Refuses an unknown token. */
export function checkCaller (caller: Caller): void {
  if (caller === 'invalid') throw new Refusal(failure(401, null, 'Invalid credentials in Authorization header'))
}
