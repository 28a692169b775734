/** What the API refused, or that it could not be asked. */
export class KaraokeError extends Error {
  override readonly name = 'KaraokeError';

  /** `status` is 0, and `code` `unreachable`, when no answer came. `detail` is a sentence for people. */
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    /** Seconds to wait before it may work. */
    readonly retryAfter: number | null = null,
  ) {
    super(detail);
  }

  static unreachable(): KaraokeError {
    return new KaraokeError(0, 'unreachable', 'The server cannot be reached. Check the connection and try again.');
  }

  /** Of an answer's status and body, which may be anything at all. */
  static from(status: number, body: string, retryAfter: string | null): KaraokeError {
    const { detail, code } = parsed(body);
    return new KaraokeError(
      status,
      typeof code === 'string' ? code : `http_${status}`,
      typeof detail === 'string' ? detail : `The server answered with ${status}.`,
      retryAfter && Number.isFinite(Number(retryAfter)) ? Number(retryAfter) : null,
    );
  }

  /** Whether asking again may help. */
  get passes(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

function parsed(body: string): { detail?: unknown; code?: unknown } {
  try {
    return Object(JSON.parse(body));
  } catch {
    return {};
  }
}
