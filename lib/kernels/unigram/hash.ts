/** Odd numbers with bits all over, to multiply keys by. */
export const FACTOR_1: u64 = 0x9E3779B97F4A7C15
export const FACTOR_2: u64 = 0xC2B2AE3D27D4EB4F
export const FACTOR_3: u64 = 0x165667B19E3779F9
export const FACTOR_4: u64 = 0x27D4EB2F165667C5
