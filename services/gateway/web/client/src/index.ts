export * from './document.js';
export { KaraokeError } from './error.js';
export type { FollowOptions } from './events.js';
export { Karaoke, type Server } from './karaoke.js';
export type { UploadOptions } from './upload.js';
