/** The API refused a request, or the server could not be reached. */
export class KaraokeError extends Error {
  override readonly name = 'KaraokeError';

  /** Without an answer, `status` is 0 and `code` is `unreachable`. `detail` is a sentence for the user. */
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    /** Seconds to wait before the next attempt. */
    readonly retryAfter: number | null = null,
  ) {
    super(detail);
  }

  static unreachable(): KaraokeError {
    return new KaraokeError(0, 'unreachable', 'The server cannot be reached. Check the connection and try again.');
  }

  /** Build the error from an answer. The body may be anything, for example a proxy's HTML page. */
  static from(status: number, body: string, retryAfter: string | null): KaraokeError {
    const { detail, code } = parsed(body);
    return new KaraokeError(
      status,
      typeof code === 'string' ? code : `http_${status}`,
      typeof detail === 'string' ? detail : `The server answered with ${status}.`,
      retryAfter && Number.isFinite(Number(retryAfter)) ? Number(retryAfter) : null,
    );
  }

  /** True when the same request may succeed later. */
  get isTransient(): boolean {
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
