"""The `whisperx` command, which works also if torchaudio's extension cannot be loaded."""

from shared.audio import torchaudio_shim

torchaudio_shim.install()

from whisperx.__main__ import cli  # noqa: E402 -- it needs the line above

if __name__ == "__main__":
    cli()
