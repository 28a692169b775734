import { KaraokeError } from '@karaoke/client';

const MESSAGES: Record<string, string> = {
  job_not_found: 'This song is not here any more. Songs are removed after a day: please upload it again.',
  lyrics_not_ready: 'The words are still being worked on. Please try again in a moment.',
  unreachable: 'The server cannot be reached. Check the connection and try again.',
};

/** Return the sentence that the page shows for an error. */
export function messageFor(error: unknown): string {
  if (error instanceof KaraokeError) return MESSAGES[error.code] ?? error.detail;
  if (error instanceof DOMException && error.name === 'EncodingError')
    return 'This browser cannot play the sound of this song.';
  return 'Something went wrong in this page. Reloading it may help.';
}
