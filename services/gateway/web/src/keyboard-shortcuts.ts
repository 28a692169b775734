import type { Signal } from '@preact/signals';

import { openSong } from './song/open-song';

const STEP_SECONDS = 5;

/** Keys and their actions, as the page lists them. */
export const SHORTCUTS: readonly (readonly [string, string])[] = [
  ['Space', 'play or pause'],
  ['← →', 'back or on by 5 seconds'],
  ['↑ ↓', 'line before or after'],
  ['M', 'voice on or off'],
  ['S', 'hear the voice alone'],
];

document.addEventListener('keydown', (event) => {
  const player = openSong.value?.player.value;
  if (!player || event.ctrlKey || event.metaKey || event.altKey || isForFocusedElement(event)) return;
  const voice = player.mixer.vocals;
  const actions: Record<string, () => void> = {
    ' ': () => player.toggle(),
    ArrowLeft: () => player.seek(player.position - STEP_SECONDS),
    ArrowRight: () => player.seek(player.position + STEP_SECONDS),
    ArrowUp: () => seekLine(-1),
    ArrowDown: () => seekLine(1),
    m: () => toggle(voice?.mute),
    s: () => toggle(voice?.solo),
  };
  const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!action) return;
  event.preventDefault();
  action();
});

/** Return whether the focused element handles the key itself. */
function isForFocusedElement({ target, key }: KeyboardEvent): boolean {
  const element = target instanceof Element ? target : null;
  if (element?.closest('input, textarea, select, dialog')) return true;
  if (element?.closest('[role=slider]')) return key.startsWith('Arrow');
  return key === ' ' && Boolean(element?.closest('button, a, summary, label'));
}

function toggle(setting: Signal<boolean> | undefined): void {
  if (setting) setting.value = !setting.value;
}

function seekLine(step: 1 | -1): void {
  const player = openSong.value?.player.value;
  const lines = openSong.value?.lyrics.value?.lines;
  if (!player || !lines?.length) return;
  const offset = openSong.value?.offset.value ?? 0;
  const at = lines.findLastIndex(({ start }) => start + offset <= player.position + 0.05);
  const line = lines[Math.min(Math.max(0, at + step), lines.length - 1)];
  if (line) player.seek(line.start + offset);
}
