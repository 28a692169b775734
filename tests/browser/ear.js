/** What is to be heard of the page, measured at Web Audio itself: the page's own clock has no part in it. */
window.ear = { sources: [], context: null, analyser: null, worklet: null };

const { start } = AudioBufferSourceNode.prototype;
AudioBufferSourceNode.prototype.start = function (when, offset = 0, ...rest) {
  ear.sources.push({ node: this, when, offset, rate: this.playbackRate.value });
  ear.context = this.context;
  return start.call(this, when, offset, ...rest);
};

const { stop } = AudioScheduledSourceNode.prototype;
AudioScheduledSourceNode.prototype.stop = function (...when) {
  ear.sources = ear.sources.filter(({ node }) => node !== this);
  return stop.apply(this, when);
};

const { connect } = AudioNode.prototype;
AudioNode.prototype.connect = function (to, ...rest) {
  if (to instanceof AudioWorkletNode) ear.worklet = to;
  if (to === this.context.destination) {
    if (ear.analyser?.context !== this.context) ear.analyser = new AnalyserNode(this.context, { fftSize: 8192 });
    connect.call(this, ear.analyser);
  }
  return connect.call(this, to, ...rest);
};

/** Seconds into the song of what reaches the ear now. */
ear.position = () => {
  const { when, offset, rate } = ear.sources.at(-1);
  return offset + (ear.context.currentTime - ear.context.outputLatency - when) * rate;
};

/** Root mean square of the last 0.2 s. */
ear.loudness = () => {
  const samples = new Float32Array(ear.analyser.fftSize);
  ear.analyser.getFloatTimeDomainData(samples);
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
};

/** By how many seconds each word lights up after it is heard. */
ear.errors = [];
new MutationObserver((changes) => {
  for (const { target, oldValue } of changes) {
    const lit = target.classList.contains('now') && !/\bnow\b/.test(oldValue ?? '');
    if (lit && ear.sources.length)
      ear.errors.push({ word: target.textContent, error: ear.position() - Number(target.dataset.start) });
  }
}).observe(document, { subtree: true, attributes: true, attributeFilter: ['class'], attributeOldValue: true });
