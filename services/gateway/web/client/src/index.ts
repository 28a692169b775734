export * from './document.js';
export { KaraokeError } from './error.js';
export type { Following } from './events.js';
export { Karaoke, type Server } from './karaoke.js';
export type { Progress } from './upload.js';
