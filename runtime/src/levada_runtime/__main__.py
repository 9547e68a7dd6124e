"""`python -m levada_runtime` is the command line."""

from levada_runtime.cli import main

if __name__ == "__main__":
    main()
