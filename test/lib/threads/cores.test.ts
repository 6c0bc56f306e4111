import { availableParallelism } from 'node:os'
import { t } from '../../tap.ts'
import { usableCores } from '../../../lib/threads/cores.ts'

type Files = Readonly<Record<string, string>>

/** The cores of a machine with 16, and these files and variables. */
function coresWith (files: Files, env: Readonly<Record<string, string>> = {}): number {
  return usableCores({
    parallelism: () => 16,
    env,
    read: path => {
      if (files[path] === undefined) throw new Error(`${path}: no such file`)
      return files[path]
    }
  })
}

const V2 = '28 23 0:25 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n'
const V1 = '32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n' +
  '35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n'

/** The files of a process in a cgroup of version 2. */
const inGroup = (path: string, limits: Files): Files => ({
  '/proc/self/mountinfo': '23 1 8:1 / / rw - ext4 /dev/sda1 rw\n' + V2, '/proc/self/cgroup': `0::${path}\n`, ...limits
})

t.test('the cores of this machine: at least one, at most those of the system', t => {
  const cores = usableCores()
  t.ok(Number.isInteger(cores) && cores >= 1 && cores <= availableParallelism())
  t.end()
})

t.test('SLURM_CPUS_PER_TASK limits the cores, and is ignored if it is not a number of them', t => {
  const values = { 4: 4, ' 4 ': 4, 64: 16, 0: 16, '-2': 16, '': 16, 'a lot': 16, 2.5: 16 }
  for (const [value, cores] of Object.entries(values)) {
    t.equal(coresWith({}, { SLURM_CPUS_PER_TASK: value }), cores, `SLURM_CPUS_PER_TASK=${value}`)
  }
  t.end()
})

t.test('cgroups of version 2: the least limit of the group and of those around it', t => {
  const job = '/system.slice/slurm/job_1'
  const at = (folder: string): string => `/sys/fs/cgroup${folder}/cpu.max`
  const cases: ReadonlyArray<[name: string, files: Files, cores: number]> = [
    ['no limit', inGroup(job, { [at(job)]: 'max 100000\n' }), 16],
    ['its own limit', inGroup(job, { [at(job)]: '300000 100000\n' }), 3],
    ['another period', inGroup(job, { [at(job)]: '100000 50000\n' }), 2],
    ['the limit of a group around it', inGroup(job, {
      [at(job)]: 'max 100000\n',
      [at('/system.slice/slurm')]: '800000 100000',
      [at('/system.slice')]: '500000 100000'
    }), 5],
    ['part of a core', inGroup(job, { [at(job)]: '20000 100000\n' }), 1],
    ['cores and a part', inGroup(job, { [at(job)]: '290000 100000\n' }), 2],
    ['more than there are', inGroup(job, { [at(job)]: '9900000 100000\n' }), 16],
    ['a container, in which the group is the root', inGroup('/', { [at('')]: '200000 100000\n' }), 2],
    ['a path of the host', inGroup('/../../kubepods/pod1', { [at('')]: '200000 100000\n' }), 2],
    ['a damaged file', inGroup(job, { [at(job)]: 'what?' }), 16],
    ['no files', {}, 16]
  ]
  for (const [name, files, cores] of cases) t.equal(coresWith(files), cores, name)
  t.end()
})

t.test('a group that is mounted at another place, with a space in its name', t => {
  t.equal(coresWith({
    '/proc/self/mountinfo': '28 23 0:25 /docker/1 /mnt/my\\040groups rw - cgroup2 cgroup2 rw\n',
    '/proc/self/cgroup': '0::/docker/1/task\n',
    '/mnt/my groups/cpu.max': '700000 100000',
    '/mnt/my groups/task/cpu.max': '600000 100000'
  }), 6)
  t.end()
})

t.test('cgroups of version 1: the quota and period of the group and of those around it', t => {
  const files = {
    '/proc/self/mountinfo': V1,
    '/proc/self/cgroup': '5:memory:/other\n2:cpu,cpuacct:/slurm/uid_0/job_1\n1:name=systemd:/\n0::/\n',
    '/sys/fs/cgroup/cpu,cpuacct/slurm/uid_0/job_1/cpu.cfs_quota_us': '-1\n',
    '/sys/fs/cgroup/cpu,cpuacct/slurm/uid_0/job_1/cpu.cfs_period_us': '100000\n'
  }
  t.equal(coresWith(files), 16, 'no limit')
  const outer = '/sys/fs/cgroup/cpu,cpuacct/slurm'
  const limited = { ...files, [`${outer}/cpu.cfs_quota_us`]: '350000\n', [`${outer}/cpu.cfs_period_us`]: '50000\n' }
  t.equal(coresWith(limited), 7)
  t.equal(coresWith(limited, { SLURM_CPUS_PER_TASK: '6' }), 6, 'the least of all limits')
  t.end()
})
