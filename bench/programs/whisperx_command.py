"""The `whisperx` command, also where torchaudio's extension cannot be loaded."""

from shared.audio import torchaudio_shim

torchaudio_shim.install()

from whisperx.__main__ import cli  # noqa: E402 -- the line above lets it in

if __name__ == "__main__":
    cli()
