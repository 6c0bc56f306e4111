import { spawnSync } from 'node:child_process'

/** A command as it is started in a container: with another host name and another PID namespace. */
export function inContainer (host: string, command: readonly string[]): [program: string, args: readonly string[]] {
  const script = `hostname ${host} && exec "$0" "$@"`
  return ['unshare', ['--uts', '--pid', '--fork', '--kill-child', 'sh', '-c', script, ...command]]
}

let reason: string | false | undefined

/** Why no container can be started here; false if one can. */
export function noContainers (): string | false {
  if (reason === undefined) {
    const [program, args] = inContainer('pod', [process.execPath, '--version'])
    reason = spawnSync(program, args).status === 0 ? false : 'no namespaces can be made here'
  }
  return reason
}
