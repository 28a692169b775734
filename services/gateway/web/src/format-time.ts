/** Format as minutes and seconds: `3:07`. */
export function formatClock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

/** Format in words: `12 seconds`, `about 3 minutes`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(1, Math.round(seconds));
  if (whole < 90) return whole === 1 ? '1 second' : `${whole} seconds`;
  return `about ${Math.round(whole / 60)} minutes`;
}
