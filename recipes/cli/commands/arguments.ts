import { MANIFEST_HELP } from '../../mixture/read.ts'

const FILES_HELP = 'paths or globs, plain, .gz or .zst'

/** Arguments that several commands have, with their help. */
export const MANIFEST = ['<manifest>', MANIFEST_HELP] as const
export const FILES = ['[files...]', `${FILES_HELP}, instead of --data-files`] as const
export const FILES_OR_INPUT = ['[files...]', `${FILES_HELP}, instead of --data-files; - for standard input`] as const
export const PIPED_FILES = ['[files...]', `${FILES_HELP} (default: standard input)`] as const
export const PLAN = ['<plan>', 'plan file that sluice plan has written, or its folder'] as const
