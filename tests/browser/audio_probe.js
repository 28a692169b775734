/**
 * Measures the page's sound by wrapping Web Audio's methods, independently of the page's own clock.
 * Injected before the page's scripts; tests read `probe`.
 */
window.probe = { sources: [], context: null, analyser: null, worklet: null };

const { start } = AudioBufferSourceNode.prototype;
AudioBufferSourceNode.prototype.start = function (when, offset = 0, ...rest) {
  probe.sources.push({ node: this, when, offset, rate: this.playbackRate.value });
  probe.context = this.context;
  return start.call(this, when, offset, ...rest);
};

const { stop } = AudioScheduledSourceNode.prototype;
AudioScheduledSourceNode.prototype.stop = function (...when) {
  probe.sources = probe.sources.filter(({ node }) => node !== this);
  return stop.apply(this, when);
};

const { connect } = AudioNode.prototype;
AudioNode.prototype.connect = function (to, ...rest) {
  if (to instanceof AudioWorkletNode) probe.worklet = to;
  if (to === this.context.destination) {
    if (probe.analyser?.context !== this.context) probe.analyser = new AnalyserNode(this.context, { fftSize: 8192 });
    connect.call(this, probe.analyser);
  }
  return connect.call(this, to, ...rest);
};

/** Position in the song of the sound that is heard now, in seconds. */
probe.position = () => {
  const { when, offset, rate } = probe.sources.at(-1);
  return offset + (probe.context.currentTime - probe.context.outputLatency - when) * rate;
};

/** Root mean square of the last 0.2 seconds. */
probe.loudness = () => {
  const samples = new Float32Array(probe.analyser.fftSize);
  probe.analyser.getFloatTimeDomainData(samples);
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
};

/** Delay in seconds between hearing a word and its highlight, for each word. */
probe.errors = [];
new MutationObserver((changes) => {
  for (const { target, oldValue } of changes) {
    const highlighted = target.classList.contains('now') && !/\bnow\b/.test(oldValue ?? '');
    if (highlighted && probe.sources.length)
      probe.errors.push({ word: target.textContent, error: probe.position() - Number(target.dataset.start) });
  }
}).observe(document, { subtree: true, attributes: true, attributeFilter: ['class'], attributeOldValue: true });
