// What text is cut by: `SCANNERS` of lib/bpe/kernel-layout.ts has the same numbers.
export const GPT2: i32 = 0
export const R50K: i32 = 1
export const LLAMA3: i32 = 2
export const CL100K: i32 = 3
export const QWEN2: i32 = 4
export const O200K: i32 = 5
export const TEKKEN: i32 = 6
export const DEEPSEEK: i32 = 7
export const DIGITS: i32 = 8
export const NUMBERS: i32 = 9
export const QWEN35: i32 = 10
export const FALCON: i32 = 11
