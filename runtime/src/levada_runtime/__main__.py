"""The way in: `runtime`, `levada` and `python -m levada_runtime` are the command line."""

from levada_runtime.foundation.collector import put_off


def main() -> None:
    """Load the command line, run one command, and leave with its exit code."""
    put_off()
    from levada_runtime.cli import main as command  # loaded only now, when nobody looks

    command()


if __name__ == "__main__":
    main()
