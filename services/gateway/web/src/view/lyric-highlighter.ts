import type { Line } from '@karaoke/client';
import type { ReadonlySignal } from '@preact/signals';

import type { Player } from '../audio/player';

const reducedMotion = window.matchMedia('(prefers-reduced-motion: reduce)');
/** A line moves to the middle this long before it is sung. */
const LINE_LEAD_SECONDS = 1.2;

/** Highlights the current line and word at every frame. Changes the DOM directly: rendering per frame would be slow. */
export class LyricHighlighter {
  readonly #box: HTMLElement;
  readonly #lines: readonly Line[];
  readonly #elements: { line: HTMLElement; words: HTMLElement[] }[];
  readonly #countdown: HTMLElement | null;
  readonly #offset: ReadonlySignal<number>;
  readonly #player: Player;
  #current = -2; // neither a line nor -1, which is before the first line
  #frame = 0;

  constructor(box: HTMLElement, lines: readonly Line[], offset: ReadonlySignal<number>, player: Player) {
    this.#box = box;
    this.#lines = lines;
    this.#offset = offset;
    this.#player = player;
    this.#elements = [...box.querySelectorAll<HTMLElement>('.line')].map((line) => ({
      line,
      words: [...line.querySelectorAll<HTMLElement>('.word')],
    }));
    this.#countdown = box.querySelector('.countdown');
    this.#update();
  }

  stop(): void {
    cancelAnimationFrame(this.#frame);
  }

  #update = (): void => {
    this.#frame = requestAnimationFrame(this.#update);
    const seconds = this.#player.position - this.#offset.peek();
    this.#setCurrentLine(this.#lines.findLastIndex((line, at) => seconds >= this.#lineStart(line, at)));
    const line = this.#lines[this.#current];
    for (const [at, element] of this.#elements[this.#current]?.words.entries() ?? [])
      highlight(element, line?.words[at], seconds);
    this.#showCountdown(seconds);
  };

  /** Return when a line becomes the current one: early, but not before the previous line has ended. */
  #lineStart({ start }: Line, at: number): number {
    return Math.max(start - LINE_LEAD_SECONDS, Math.min(this.#lines[at - 1]?.end ?? 0, start));
  }

  #setCurrentLine(current: number): void {
    if (current === this.#current) return;
    this.#current = current;
    for (const [at, { line, words }] of this.#elements.entries()) {
      line.classList.toggle('past', at < current);
      if (at === current) line.setAttribute('aria-current', 'true');
      else line.removeAttribute('aria-current');
      line.classList.toggle('next', at === current + 1);
      if (at !== current) for (const word of words) word.classList.remove('sung', 'now');
    }
    const element = this.#elements[Math.max(0, current)]!.line;
    // Scroll the box instead of using scrollIntoView, which would also scroll the page.
    const top = element.offsetTop - (this.#box.clientHeight - element.offsetHeight) * 0.42;
    this.#box.scrollTo({ top, behavior: reducedMotion.matches ? 'instant' : 'smooth' });
  }

  #showCountdown(seconds: number): void {
    if (!this.#countdown) return;
    const untilStart = this.#player.untilStart;
    const next = this.#lines.find(({ start }) => start > seconds);
    const previous = this.#lines.findLast(({ start }) => start <= seconds);
    const gap = next && next.start - (previous?.end ?? 0) > 6 ? next.start - seconds : 0;
    const text =
      untilStart > 0.1
        ? 'Ready…'
        : gap > 0 && gap < 3.2 && this.#player.playing.peek()
          ? '● '.repeat(Math.ceil(gap)).trim()
          : '';
    if (this.#countdown.textContent !== text) this.#countdown.textContent = text;
  }
}

function highlight(element: HTMLElement, word: { start: number; end: number } | undefined, seconds: number): void {
  if (!word) return;
  const now = word.start <= seconds && seconds < word.end;
  element.classList.toggle('sung', word.end <= seconds);
  element.classList.toggle('now', now);
  if (now) element.style.setProperty('--sung', `${(100 * (seconds - word.start)) / (word.end - word.start)}%`);
}
