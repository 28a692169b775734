/** The words of a song, lit up while they are sung. */

const stillness = window.matchMedia('(prefers-reduced-motion: reduce)');

export class Lyrics {
  #box;
  #lines; // [{start, element, words: [{start, end, element}]}], times in seconds
  #current = null;

  /** `lines` as in lyrics.json: {text, start, end, words: [{text, start, end}]}. */
  constructor(box, lines) {
    this.#box = box;
    this.#lines = lines.map(line);
    const none = Object.assign(document.createElement('p'), { textContent: 'No words were heard in this song.' });
    box.replaceChildren(...(lines.length ? this.#lines.map(({ element }) => element) : [none]));
  }

  /** Keeps up with `audio` until it pauses or ends. */
  follow(audio) {
    this.show(audio.currentTime);
    if (!audio.paused) requestAnimationFrame(() => this.follow(audio));
  }

  /** Lights up what has been sung at `seconds`. */
  show(seconds) {
    const current = this.#lines.findLast(({ start }) => start <= seconds) ?? null;
    if (current !== this.#current) this.#turnTo(current);
    for (const { start, end, element } of current?.words ?? []) {
      element.classList.toggle('sung', start <= seconds);
      element.classList.toggle('now', start <= seconds && seconds < end);
    }
  }

  #turnTo(current) {
    this.#current?.element.removeAttribute('aria-current');
    this.#current = current;
    if (!current) return;
    current.element.setAttribute('aria-current', 'true');
    // The box is scrolled, not the page: whoever reads elsewhere stays there.
    const top = current.element.offsetTop - (this.#box.clientHeight - current.element.offsetHeight) / 2;
    this.#box.scrollTo({ top, behavior: stillness.matches ? 'instant' : 'smooth' });
  }
}

function line({ start, words }) {
  const element = document.createElement('p');
  const spans = words.map((word) => {
    const span = Object.assign(document.createElement('span'), { textContent: word.text });
    return { start: word.start, end: word.end, element: span };
  });
  element.append(...spans.flatMap((word) => [word.element, ' ']));
  return { start, element, words: spans };
}
