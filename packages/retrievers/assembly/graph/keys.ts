// A key sorts like its hit: score first, then ascending slot; the lowest bit says that it was expanded.

// @ts-expect-error: decorator
@inline
export function keyOf(score: f32, slot: u32): u64 {
  const bits = reinterpret<u32>(score)
  const ordered = bits ^ (<u32>(<i32>bits >> 31) | 0x80000000)
  return ((<u64>ordered) << 32) | ((<u64>(0x7fffffff - slot)) << 1)
}

// @ts-expect-error: decorator
@inline
export function slotOf(key: u64): u32 {
  return 0x7fffffff - ((<u32>key) >> 1)
}

// @ts-expect-error: decorator
@inline
export function scoreOf(key: u64): f32 {
  const ordered = <u32>(key >> 32)
  return reinterpret<f32>(ordered & 0x80000000 ? ordered ^ 0x80000000 : ~ordered)
}
