import type { Line } from '@karaoke/client';
import type { ReadonlySignal } from '@preact/signals';

import type { Player } from '../audio/player';

const stillness = window.matchMedia('(prefers-reduced-motion: reduce)');
/** How long before it is sung a line moves to the middle. */
const EARLY_SECONDS = 1.2;

/** Lights up what is sung at each frame, outside of the view's own rendering: words change faster than that need be. */
export class Spotlight {
  readonly #box: HTMLElement;
  readonly #lines: readonly Line[];
  readonly #elements: { line: HTMLElement; words: HTMLElement[] }[];
  readonly #count: HTMLElement | null;
  readonly #offset: ReadonlySignal<number>;
  readonly #player: Player;
  #current = -2; // neither a line, nor before the first
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
    this.#count = box.querySelector('.count');
    this.#show();
  }

  end(): void {
    cancelAnimationFrame(this.#frame);
  }

  #show = (): void => {
    this.#frame = requestAnimationFrame(this.#show);
    const seconds = this.#player.position - this.#offset.peek();
    this.#turnTo(this.#lines.findLastIndex((line, at) => seconds >= this.#from(line, at)));
    const line = this.#lines[this.#current];
    for (const [at, element] of this.#elements[this.#current]?.words.entries() ?? [])
      light(element, line?.words[at], seconds);
    this.#countDown(seconds);
  };

  /** When a line becomes the current one: a little early, but not before the one above has been sung. */
  #from({ start }: Line, at: number): number {
    return Math.max(start - EARLY_SECONDS, Math.min(this.#lines[at - 1]?.end ?? 0, start));
  }

  #turnTo(current: number): void {
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
    // The box is scrolled, not the page: whoever reads elsewhere stays there.
    const top = element.offsetTop - (this.#box.clientHeight - element.offsetHeight) * 0.42;
    this.#box.scrollTo({ top, behavior: stillness.matches ? 'instant' : 'smooth' });
  }

  #countDown(seconds: number): void {
    if (!this.#count) return;
    const lead = this.#player.lead;
    const next = this.#lines.find(({ start }) => start > seconds);
    const before = this.#lines.findLast(({ start }) => start <= seconds);
    const gap = next && next.start - (before?.end ?? 0) > 6 ? next.start - seconds : 0;
    const text =
      lead > 0.1
        ? 'Ready…'
        : gap > 0 && gap < 3.2 && this.#player.playing.peek()
          ? '● '.repeat(Math.ceil(gap)).trim()
          : '';
    if (this.#count.textContent !== text) this.#count.textContent = text;
  }
}

function light(element: HTMLElement, word: { start: number; end: number } | undefined, seconds: number): void {
  if (!word) return;
  const now = word.start <= seconds && seconds < word.end;
  element.classList.toggle('sung', word.end <= seconds);
  element.classList.toggle('now', now);
  if (now) element.style.setProperty('--sung', `${(100 * (seconds - word.start)) / (word.end - word.start)}%`);
}
