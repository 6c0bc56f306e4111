import { checkpointCost, jsonOfCheckpoint, reportCheckpoint } from './checkpoint.ts'
import { coresFigures, isScaled } from './cores.ts'
import type { Corpus } from './corpus.ts'
import { jsonOfEncode, reportEncode } from './encode-report.ts'
import { encodeFigures, isAsWanted } from './encode.ts'
import { fastTextFigures, isQuick, jsonOfFastText, reportFastText } from './fasttext.ts'
import type { Arguments } from './frame/arguments.ts'
import { hubFigures, isStreamed, jsonOfHub, reportHub } from './hub.ts'
import { jsonOfCores } from './json-cores.ts'
import { isSwift, jsonOfLanguages, languageFigures, reportLanguages } from './languages.ts'
import { reportCores } from './print-cores.ts'
import { jsonOfShuffle, reportShuffle } from './shuffle-report.ts'
import { isShuffled, shuffleFigures } from './shuffle.ts'
import { isFaster, jsonOfSides, reportSides, sideBySide } from './side-by-side.ts'
import { isCheap, jsonOfTasks, reportTasks, taskFigures } from './tasks.ts'
import { jsonOfTrainer, reportTrainer } from './trainer-report.ts'
import { isTrained, trainerFigures } from './trainer.ts'
import { jsonOfVerified, reportVerified, verifySides } from './verify.ts'

/** How a part is measured. */
export interface PartContext extends Pick<Arguments, 'tolerance' | 'quick'> {
  readonly corpus: Corpus
  readonly runs: number
  /** MB of the trainer's largest text. */
  readonly megabytes: number
  readonly tell: (message: string) => void
}

export interface PartResult {
  /** The result as text. */
  readonly report: string
  /** The result as JSON. */
  readonly json: object
  /** Whether all figures meet their requirements. */
  readonly isReached: boolean
}

/** Parts whose figures have limits, or which are slow: they are measured only if they are named. */
export interface Part {
  readonly name: string
  /** Seconds on two free cores: for each run, and in addition. */
  readonly seconds: (context: Pick<PartContext, 'quick' | 'runs'>) => number
  readonly measure: (context: PartContext) => Promise<PartResult>
}

export const PARTS: readonly Part[] = [
  {
    name: 'side-by-side',
    seconds: ({ runs }) => 5 + runs,
    async measure ({ corpus, runs }) {
      const figures = await sideBySide(corpus.ndjson, runs)
      return { report: reportSides(figures), json: jsonOfSides(figures), isReached: isFaster(figures) }
    }
  },
  {
    name: 'checkpoint',
    seconds: ({ runs }) => 8 + 4 * runs,
    async measure ({ corpus, runs }) {
      const figures = await checkpointCost(corpus, runs)
      return { report: reportCheckpoint(figures), json: jsonOfCheckpoint(figures), isReached: true }
    }
  },
  {
    name: 'verify',
    seconds: ({ runs }) => 10 + 3 * runs,
    async measure ({ corpus, runs }) {
      const figures = await verifySides(corpus.folder, runs)
      return { report: reportVerified(figures), json: jsonOfVerified(figures), isReached: true }
    }
  },
  {
    name: 'encode-bounds',
    seconds: ({ runs }) => 30 + 30 * runs,
    async measure ({ corpus, runs, tolerance }) {
      const figures = await encodeFigures(corpus, runs)
      return { report: reportEncode(figures), json: jsonOfEncode(figures), isReached: isAsWanted(figures, tolerance) }
    }
  },
  {
    name: 'languages',
    seconds: ({ runs }) => 30 + 20 * runs,
    async measure ({ corpus, runs, tolerance }) {
      const figures = await languageFigures(corpus, runs)
      const isReached = isSwift(figures, tolerance)
      return { report: reportLanguages(figures), json: jsonOfLanguages(figures), isReached }
    }
  },
  {
    name: 'trainer',
    seconds: ({ quick, runs }) => quick ? 40 : 400 + 60 * runs,
    async measure ({ corpus, runs, quick, megabytes, tolerance }) {
      const figures = await trainerFigures(corpus, runs, { quick, megabytes })
      return { report: reportTrainer(figures), json: jsonOfTrainer(figures), isReached: isTrained(figures, tolerance) }
    }
  },
  {
    name: 'cores',
    seconds: ({ runs }) => 120 + 160 * runs,
    async measure ({ corpus, runs, tell }) {
      const figures = await coresFigures(corpus, runs, tell)
      return { report: reportCores(figures), json: jsonOfCores(figures), isReached: isScaled(figures) }
    }
  },
  {
    name: 'fasttext',
    seconds: ({ runs }) => 40 + 25 * runs,
    async measure ({ corpus, runs }) {
      const figures = await fastTextFigures(corpus, runs)
      return { report: reportFastText(figures), json: jsonOfFastText(figures), isReached: isQuick(figures) }
    }
  },
  {
    name: 'hub',
    seconds: ({ quick, runs }) => (quick ? 30 : 90) + 10 * runs,
    async measure ({ corpus, runs, quick, tolerance }) {
      const figures = await hubFigures(corpus, runs, { quick })
      return { report: reportHub(figures), json: jsonOfHub(figures), isReached: isStreamed(figures, tolerance) }
    }
  },
  {
    name: 'shuffle',
    seconds: ({ quick }) => quick ? 15 : 300,
    async measure ({ corpus, quick, tolerance, tell }) {
      const figures = await shuffleFigures(corpus.folder, { quick, tell })
      return { report: reportShuffle(figures), json: jsonOfShuffle(figures), isReached: isShuffled(figures, tolerance) }
    }
  },
  {
    name: 'tasks',
    seconds: ({ quick, runs }) => (quick ? 80 : 400) * Math.min(runs, 2),
    async measure ({ corpus, runs, quick, tolerance }) {
      const figures = await taskFigures(corpus, { quick, runs: Math.min(runs, 2) })
      return { report: reportTasks(figures), json: jsonOfTasks(figures), isReached: isCheap(figures, tolerance) }
    }
  }
]
